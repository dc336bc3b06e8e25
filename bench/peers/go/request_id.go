package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const requestIDHeader = "x-request-id"

// setRequestID makes an id, which the client gets as a trailer.
func setRequestID(ctx context.Context) (string, error) {
	var bytes [16]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		return "", err
	}
	id := hex.EncodeToString(bytes[:])
	return id, grpc.SetTrailer(ctx, metadata.MD{requestIDHeader: []string{id}})
}

// withRequestID gives upstreams the id.
func withRequestID(ctx context.Context, id string) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.MD{requestIDHeader: []string{id}})
}
