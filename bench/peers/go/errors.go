package main

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The codes of upstreams that clients may see, with the text they see; all else is Internal.
var passing = map[codes.Code]string{
	codes.NotFound:           "not found",
	codes.AlreadyExists:      "already exists",
	codes.FailedPrecondition: "failed precondition",
	codes.Aborted:            "aborted",
	codes.OutOfRange:         "out of range",
	codes.ResourceExhausted:  "resource exhausted",
	codes.Unavailable:        "unavailable",
	codes.DeadlineExceeded:   "deadline exceeded",
}

// publicError is what a client sees of any error: an upstream's own text and details never pass.
func publicError(err error) error {
	code := status.Code(err)
	if errors.Is(err, context.DeadlineExceeded) {
		code = codes.DeadlineExceeded
	}
	if text, ok := passing[code]; ok {
		return status.Error(code, text)
	}
	return status.Error(codes.Internal, "internal error")
}
