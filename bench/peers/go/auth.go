package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	scheme          = "Bearer "
	maxCachedTokens = 10_000
)

var (
	errNoCredentials      = status.Error(codes.Unauthenticated, "credentials required")
	errInvalidCredentials = status.Error(codes.Unauthenticated, "invalid credentials")
	errPermissionDenied   = status.Error(codes.PermissionDenied, "permission denied")
)

type jwtConfig struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Key      struct {
		X string `json:"x"`
		Y string `json:"y"`
	} `json:"key"`
}

func (c jwtConfig) publicKey() (*ecdsa.PublicKey, error) {
	x, err := base64.RawURLEncoding.DecodeString(c.Key.X)
	if err != nil {
		return nil, err
	}
	y, err := base64.RawURLEncoding.DecodeString(c.Key.Y)
	if err != nil {
		return nil, err
	}
	return &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}, nil
}

// principal is who calls, as the token says.
type principal struct {
	subject   string
	roles     []string
	expiresAt time.Time
}

func (p *principal) has(role string) bool { return slices.Contains(p.roles, role) }

type claims struct {
	jwt.RegisteredClaims
	Roles []string `json:"roles"`
}

// verifier remembers tokens it has verified, until they expire: a signature costs about 50 us to check.
type verifier struct {
	parser *jwt.Parser
	key    *ecdsa.PublicKey

	lock     sync.RWMutex
	verified map[string]*principal
}

func newVerifier(config jwtConfig, key *ecdsa.PublicKey) *verifier {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(config.Issuer),
		jwt.WithAudience(config.Audience),
		jwt.WithExpirationRequired(),
	)
	return &verifier{parser: parser, key: key, verified: map[string]*principal{}}
}

func (v *verifier) verify(ctx context.Context) (*principal, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) == 0 || !strings.HasPrefix(values[0], scheme) {
		return nil, errNoCredentials
	}
	authorization := values[0]
	v.lock.RLock()
	known := v.verified[authorization]
	v.lock.RUnlock()
	if known != nil && time.Now().Before(known.expiresAt) {
		return known, nil
	}
	caller, err := v.parse(authorization[len(scheme):])
	if err != nil {
		return nil, errInvalidCredentials
	}
	v.lock.Lock()
	defer v.lock.Unlock()
	for old := range v.verified {
		if len(v.verified) < maxCachedTokens {
			break
		}
		delete(v.verified, old)
	}
	v.verified[authorization] = caller
	return caller, nil
}

func (v *verifier) parse(token string) (*principal, error) {
	var found claims
	if _, err := v.parser.ParseWithClaims(token, &found, func(*jwt.Token) (any, error) { return v.key, nil }); err != nil {
		return nil, err
	}
	if found.Subject == "" {
		return nil, errors.New("the token has no subject")
	}
	return &principal{subject: found.Subject, roles: found.Roles, expiresAt: found.ExpiresAt.Time}, nil
}
