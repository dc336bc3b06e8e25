// The gateway that Portico is measured against, as an expert would write it by hand in Go: grpc-go and protobuf-go, for
// the two methods that the bench calls. It speaks the protocol of bench/lib/control.ts.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

const controlFD = 3

type command struct {
	Command  string          `json:"command"`
	Argument json.RawMessage `json:"argument"`
}

func main() {
	replies := json.NewEncoder(os.NewFile(controlFD, "control"))
	commands := bufio.NewReader(os.Stdin)
	for {
		line, err := commands.ReadBytes('\n')
		if err != nil {
			// The bench has ended.
			os.Exit(0)
		}
		reply := map[string]any{}
		if result, err := run(line); err != nil {
			reply["error"] = err.Error()
		} else {
			reply["result"] = result
		}
		if err := replies.Encode(reply); err != nil {
			os.Exit(1)
		}
	}
}

func run(line []byte) (any, error) {
	var asked command
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	switch asked.Command {
	case "start":
		var config gatewayConfig
		if err := json.Unmarshal(asked.Argument, &config); err != nil {
			return nil, err
		}
		port, err := startGateway(config)
		return map[string]int{"port": port}, err
	case "cpu":
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			return nil, err
		}
		return map[string]int64{"user": micros(usage.Utime), "system": micros(usage.Stime)}, nil
	default:
		return nil, fmt.Errorf("no command %q", asked.Command)
	}
}

func micros(time syscall.Timeval) int64 {
	return int64(time.Sec)*1_000_000 + int64(time.Usec)
}
