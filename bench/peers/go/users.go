package main

import (
	"context"

	publicusers "portico.bench/gateway/gen/smpl/api/users/v1"
	users "portico.bench/gateway/gen/smpl/users/v1"
)

type usersServer struct {
	publicusers.UnimplementedUsersServiceServer
	users users.UsersServiceClient
}

func (s *usersServer) CreateUser(ctx context.Context, in *publicusers.CreateUserRequest) (*publicusers.User, error) {
	user, err := s.users.CreateUser(ctx, &users.CreateUserRequest{
		Email:       in.Email,
		DisplayName: in.DisplayName,
		Password:    in.Password,
	})
	if err != nil {
		return nil, err
	}
	return &publicusers.User{
		Id:          user.Id,
		Email:       user.Email,
		DisplayName: user.DisplayName,
		CreatedAt:   user.CreatedAt,
	}, nil
}
