package main

import (
	"log/slog"
	"testing"
)

// The plans of an operation are made at its first call: what is wrong with a shape shows here.
func TestEveryOperationCanTravel(t *testing.T) {
	c := defaultConfig()
	c.Data, c.Addr = t.TempDir(), "127.0.0.1:0"
	s, err := startServer(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	s.house.Load().wire.Prepare()
}
