// A peer on grpc-go, for all four kinds of RPC with bytes as messages.
//
//	peer server [CERT KEY]                    serves, and prints its port; ends when standard input does
//	peer client ADDRESS plain|gzip [CERT]     calls a server, prints "ok" or what is wrong
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	service    = "/test.v1.Echo/"
	maxMessage = 8 << 20
	manyCalls  = 1000
)

// barrier lets calls through when so many of them wait.
type barrier struct {
	sync.Mutex
	waiting int
	open    chan struct{}
}

var together = barrier{open: make(chan struct{})}

func (b *barrier) wait() {
	b.Lock()
	open := b.open
	if b.waiting++; b.waiting == manyCalls {
		close(open)
		b.waiting, b.open = 0, make(chan struct{})
	}
	b.Unlock()
	<-open
}

// rawCodec sends and receives *[]byte as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (rawCodec) Name() string                       { return "proto" }

var _ encoding.Codec = rawCodec{}

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "server":
		err = serve(os.Args[2:])
	case len(os.Args) > 3 && os.Args[1] == "client":
		err = call(os.Args[2], os.Args[3] == "gzip", os.Args[4:])
	default:
		err = fmt.Errorf("usage: peer server|client")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func serve(certificate []string) error {
	options := []grpc.ServerOption{
		grpc.ForceServerCodec(rawCodec{}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.UnknownServiceHandler(handle),
	}
	if len(certificate) == 2 {
		creds, err := credentials.NewServerTLSFromFile(certificate[0], certificate[1])
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(creds))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(options...)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// handle echoes what the method of the path says; metadata "x-gzip" asks for compressed replies, "x-long" comes back.
func handle(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	md, _ := metadata.FromIncomingContext(stream.Context())
	if len(md.Get("x-gzip")) > 0 {
		if err := grpc.SetSendCompressor(stream.Context(), "gzip"); err != nil {
			return err
		}
	}
	if err := stream.SetHeader(metadata.MD{"x-long": md.Get("x-long")}); err != nil {
		return err
	}
	var all []byte
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch strings.TrimPrefix(method, service) {
		case "Together":
			together.wait()
			return stream.SendMsg(&message)
		case "Unary":
			return stream.SendMsg(&message)
		case "ServerStream":
			for range 3 {
				if err := stream.SendMsg(&message); err != nil {
					return err
				}
			}
			return nil
		case "BidiStream":
			if err := stream.SendMsg(&message); err != nil {
				return err
			}
		case "ClientStream":
			all = append(all, message...)
		default:
			return status.Error(codes.FailedPrecondition, "zu spät, 100%")
		}
	}
	if strings.HasSuffix(method, "/ClientStream") {
		return stream.SendMsg(&all)
	}
	return nil
}

func call(address string, compressed bool, certificate []string) error {
	creds := insecure.NewCredentials()
	if len(certificate) == 1 {
		var err error
		if creds, err = credentials.NewClientTLSFromFile(certificate[0], ""); err != nil {
			return err
		}
	}
	callOptions := []grpc.CallOption{grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(maxMessage)}
	if compressed {
		callOptions = append(callOptions, grpc.UseCompressor(gzip.Name))
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(creds), grpc.WithDefaultCallOptions(callOptions...)}
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	for _, size := range []int{0, 1, 70_000, 4 << 20} {
		if err := allKinds(ctx, conn, make([]byte, size)); err != nil {
			return fmt.Errorf("messages of %d bytes: %w", size, err)
		}
	}
	long := metadata.AppendToOutgoingContext(ctx, "x-long", strings.Repeat("v", 8000))
	if err := allKinds(long, conn, []byte("a")); err != nil {
		return fmt.Errorf("long metadata: %w", err)
	}
	if err := many(ctx, "Unary", conn); err != nil {
		return fmt.Errorf("%d calls at once: %w", manyCalls, err)
	}
	// As many as a front takes on each of them.
	conns := make([]*grpc.ClientConn, 10)
	for i := range conns {
		if conns[i], err = grpc.NewClient(address, options...); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	if err := many(ctx, "Together", conns...); err != nil {
		return fmt.Errorf("%d streams at once: %w", manyCalls, err)
	}
	if err := failures(ctx, conn); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func allKinds(ctx context.Context, conn *grpc.ClientConn, message []byte) error {
	if err := unary(ctx, "Unary", conn, message); err != nil {
		return fmt.Errorf("Unary: %w", err)
	}
	for _, kind := range []struct {
		name     string
		requests int
		replies  int
		length   int
	}{
		{"ServerStream", 1, 3, len(message)},
		{"ClientStream", 2, 1, 2 * len(message)},
		{"BidiStream", 3, 3, len(message)},
	} {
		desc := &grpc.StreamDesc{ClientStreams: kind.requests > 1, ServerStreams: kind.replies > 1}
		stream, err := conn.NewStream(ctx, desc, service+kind.name)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		// Beside the replies: who does not read is not read from for long.
		sent := make(chan error, 1)
		go func() { sent <- sendAll(stream, message, kind.requests) }()
		for i := range kind.replies {
			var reply []byte
			if err := stream.RecvMsg(&reply); err != nil {
				return fmt.Errorf("%s: %w", kind.name, err)
			}
			if len(reply) != kind.length {
				return fmt.Errorf("%s: reply %d has %d bytes", kind.name, i, len(reply))
			}
		}
		var more []byte
		if err := stream.RecvMsg(&more); kind.replies > 1 && err != io.EOF {
			return fmt.Errorf("%s: it ends with %v", kind.name, err)
		}
		if err := <-sent; err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return nil
}

func sendAll(stream grpc.ClientStream, message []byte, count int) error {
	for range count {
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
	return stream.CloseSend()
}

func unary(ctx context.Context, method string, conn *grpc.ClientConn, message []byte) error {
	var reply []byte
	if err := conn.Invoke(ctx, service+method, &message, &reply); err != nil {
		return err
	}
	if !bytes.Equal(reply, message) {
		return fmt.Errorf("the reply of %d bytes is not the request", len(reply))
	}
	return nil
}

func many(ctx context.Context, method string, conns ...*grpc.ClientConn) error {
	var group sync.WaitGroup
	errs := make(chan error, manyCalls)
	for i := range manyCalls {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := unary(ctx, method, conns[i%len(conns)], fmt.Appendf(nil, "call %d", i)); err != nil {
				errs <- err
			}
		}()
	}
	group.Wait()
	close(errs)
	return <-errs
}

func failures(ctx context.Context, conn *grpc.ClientConn) error {
	message, reply := []byte("a"), []byte{}
	for method, want := range map[string]codes.Code{
		"Fail":    codes.FailedPrecondition,
		"Hang":    codes.DeadlineExceeded,
		"Unknown": codes.Unimplemented,
	} {
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		err := conn.Invoke(short, service+method, &message, &reply)
		cancel()
		if status.Code(err) != want {
			return fmt.Errorf("%s: %v, and not %v", method, err, want)
		}
		if text := status.Convert(err).Message(); want == codes.FailedPrecondition && text != "zu spät, 100%" {
			return fmt.Errorf("%s: the text is %q", method, text)
		}
	}
	return nil
}
