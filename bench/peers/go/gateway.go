package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	publicorders "portico.bench/gateway/gen/smpl/api/orders/v1"
	publicusers "portico.bench/gateway/gen/smpl/api/users/v1"
	orders "portico.bench/gateway/gen/smpl/orders/v1"
	users "portico.bench/gateway/gen/smpl/users/v1"
)

const (
	maxRequestBytes  = 1 << 20
	maxResponseBytes = 16 << 20
	maxReplyBytes    = 4 << 20
	maxStreams       = 100
	maxHeaderBytes   = 16 << 10
	// One connection carries all replies: with HTTP/2's default of 64 KiB they would wait for each other.
	windowBytes  = 1 << 20
	timeout      = 10 * time.Second
	usersService = "smpl.users.v1.UsersService"
	orderService = "smpl.orders.v1.OrdersService"
)

type gatewayConfig struct {
	Upstreams map[string]string `json:"upstreams"`
	JWT       jwtConfig         `json:"jwt"`
	TLS       *tlsConfig        `json:"tls"`
}

// tlsConfig is for both ends; the certificate signs itself.
type tlsConfig struct {
	Key  string `json:"key"`
	Cert string `json:"cert"`
}

// startGateway answers with the gateway's port.
func startGateway(config gatewayConfig) (int, error) {
	serverCreds, clientCreds, err := transportCredentials(config.TLS)
	if err != nil {
		return 0, err
	}
	usersConn, err := dial(config.Upstreams, usersService, clientCreds)
	if err != nil {
		return 0, err
	}
	ordersConn, err := dial(config.Upstreams, orderService, clientCreds)
	if err != nil {
		return 0, err
	}
	key, err := config.JWT.publicKey()
	if err != nil {
		return 0, err
	}
	server := grpc.NewServer(
		grpc.Creds(serverCreds),
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.MaxSendMsgSize(maxResponseBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.UnaryInterceptor(guard(newVerifier(config.JWT, key))),
	)
	upstream := users.NewUsersServiceClient(usersConn)
	publicusers.RegisterUsersServiceServer(server, &usersServer{users: upstream})
	publicorders.RegisterOrdersServiceServer(server, &ordersServer{
		orders: orders.NewOrdersServiceClient(ordersConn),
		users:  upstream,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// The roles that methods ask for.
var roles = map[string]string{
	publicusers.UsersService_CreateUser_FullMethodName:           "admin",
	publicorders.OrdersService_ListOrdersWithUser_FullMethodName: "viewer",
}

// guard is what every call passes: authentication, the method's role, a deadline, a request id, errors made public.
func guard(tokens *verifier) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		id, err := setRequestID(ctx)
		if err != nil {
			return nil, publicError(err)
		}
		caller, err := tokens.verify(ctx)
		if err != nil {
			return nil, err
		}
		if role, ok := roles[info.FullMethod]; !ok || !caller.has(role) {
			return nil, errPermissionDenied
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		response, err := handle(withRequestID(ctx, id), request)
		if err != nil {
			return nil, publicError(err)
		}
		return response, nil
	}
}

func dial(targets map[string]string, service string, creds credentials.TransportCredentials) (*grpc.ClientConn, error) {
	target, ok := targets[service]
	if !ok {
		return nil, fmt.Errorf("no target for %s", service)
	}
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReplyBytes)),
		grpc.WithInitialWindowSize(windowBytes),
		grpc.WithInitialConnWindowSize(windowBytes),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
	)
}

func transportCredentials(config *tlsConfig) (server, client credentials.TransportCredentials, err error) {
	if config == nil {
		return insecure.NewCredentials(), insecure.NewCredentials(), nil
	}
	certificate, err := tls.X509KeyPair([]byte(config.Cert), []byte(config.Key))
	if err != nil {
		return nil, nil, err
	}
	if _, ok := certificate.PrivateKey.(*ecdsa.PrivateKey); !ok {
		return nil, nil, errors.New("the key is not of an elliptic curve")
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(config.Cert))
	return credentials.NewServerTLSFromCert(&certificate), credentials.NewClientTLSFromCert(pool, "localhost"), nil
}
