package main

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	publicorders "portico.bench/gateway/gen/smpl/api/orders/v1"
	orders "portico.bench/gateway/gen/smpl/orders/v1"
	users "portico.bench/gateway/gen/smpl/users/v1"
)

const batchSize = 500

type ordersServer struct {
	publicorders.UnimplementedOrdersServiceServer
	orders orders.OrdersServiceClient
	users  users.UsersServiceClient
}

// ListOrdersWithUser makes two upstream calls for up to 500 users.
func (s *ordersServer) ListOrdersWithUser(
	ctx context.Context, in *publicorders.ListOrdersWithUserRequest,
) (*publicorders.ListOrdersWithUserResponse, error) {
	page, err := s.orders.ListOrders(ctx, &orders.ListOrdersRequest{PageSize: in.PageSize, PageToken: in.PageToken})
	if err != nil {
		return nil, err
	}
	emails, err := s.emailsOf(ctx, page.Orders)
	if err != nil {
		return nil, err
	}
	// All rows in one allocation.
	rows := make([]publicorders.Order, len(page.Orders))
	out := make([]*publicorders.Order, len(page.Orders))
	for i, order := range page.Orders {
		row := &rows[i]
		row.Id = order.Id
		row.UserId = order.UserId
		row.UserEmail = emails[order.UserId]
		row.Product = order.Product
		// The values have the same numbers on both sides; one that the public enum does not have is not passed on.
		if _, known := publicorders.OrderState_name[int32(order.State)]; known {
			row.State = publicorders.OrderState(order.State)
		}
		row.PriceCents = order.PriceCents
		row.PlacedAt = order.PlacedAt
		out[i] = row
	}
	return &publicorders.ListOrdersWithUserResponse{Orders: out, NextPageToken: page.NextPageToken}, nil
}

func (s *ordersServer) emailsOf(ctx context.Context, page []*orders.Order) (map[string]string, error) {
	emails := make(map[string]string, len(page))
	ids := make([]string, 0, len(page))
	for _, order := range page {
		if _, seen := emails[order.UserId]; seen || order.UserId == "" {
			continue
		}
		emails[order.UserId] = ""
		ids = append(ids, order.UserId)
	}
	if len(ids) <= batchSize {
		return emails, s.addEmails(ctx, ids, func(found []*users.User) { fill(emails, found) })
	}
	group, ctx := errgroup.WithContext(ctx)
	replies := make([][]*users.User, (len(ids)+batchSize-1)/batchSize)
	next := 0
	for batch := range slices.Chunk(ids, batchSize) {
		at := next
		next++
		group.Go(func() error {
			return s.addEmails(ctx, batch, func(found []*users.User) { replies[at] = found })
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, found := range replies {
		fill(emails, found)
	}
	return emails, nil
}

func (s *ordersServer) addEmails(ctx context.Context, ids []string, take func([]*users.User)) error {
	if len(ids) == 0 {
		return nil
	}
	reply, err := s.users.BatchGetUsers(ctx, &users.BatchGetUsersRequest{Ids: ids})
	if err != nil {
		return err
	}
	take(reply.Users)
	return nil
}

func fill(emails map[string]string, found []*users.User) {
	for _, user := range found {
		emails[user.Id] = user.Email
	}
}
