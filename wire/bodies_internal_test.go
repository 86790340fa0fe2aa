package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

func TestRoomIsGivenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{free: 10}
		var mu sync.Mutex
		var got []string
		say := func(s string) { mu.Lock(); defer mu.Unlock(); got = append(got, s) }
		ask := func(name string, ctx context.Context, size int64, hold time.Duration) {
			go func() {
				switch err := r.take(ctx, size, 20*time.Second); {
				case errors.Is(err, errNoRoom):
					say(name + " late")
				case err != nil:
					say(name + " left")
				default:
					say(name)
					time.Sleep(hold)
					r.give(size)
				}
			}()
			time.Sleep(time.Second)
		}
		ctx, leave := context.WithCancel(t.Context())
		ask("a", t.Context(), 8, 10*time.Second)
		ask("b", t.Context(), 4, time.Minute) // does not fit beside a
		ask("c", ctx, 1, 0)                   // would, but came later
		ask("d", t.Context(), 9, 0)           // waits for b, in vain
		ask("e", t.Context(), 1, 0)           // stands behind d
		leave()
		time.Sleep(2 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		r.mu.Lock()
		defer r.mu.Unlock()
		if s := strings.Join(got, ", "); s != "a, c left, b, d late, e" {
			t.Error(s)
		}
		if r.free != 10 || len(r.waiting) != 0 {
			t.Errorf("%d free, %d waiting", r.free, len(r.waiting))
		}
	})
}

// Large bodies are in hand one after another where there is room for one; small ones pass by.
func TestLargeBodiesWaitForRoom(t *testing.T) {
	type in struct{ Text string }
	type out struct{ Length int }
	entered, leave := make(chan int, 10), make(chan struct{})
	s := NewServer(Config{BodyMemory: largeBody + 10<<10, Services: []Service{{Name: "toy", Protocol: AWSJSON, Target: "Toy", MaxBody: 3 * largeBody, Ops: []Row{
		Op("Put", func(_ context.Context, i *in) (*out, error) {
			entered <- len(i.Text)
			if len(i.Text) > 1 {
				<-leave
			}
			return &out{len(i.Text)}, nil
		}),
	}}}})
	s.patience = 2 * time.Minute
	h := httptest.NewServer(s)
	defer h.Close()
	answers := make(chan string, 10)
	put := func(size int, header ...string) {
		r, _ := http.NewRequest("POST", h.URL, strings.NewReader(`{"Text":"`+strings.Repeat("x", size)+`"}`))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "Toy.Put")
		for _, h := range header {
			r.Header.Set("Content-Encoding", h)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answers <- resp.Status + " " + string(b)
	}
	waiting := func(n int) {
		t.Helper()
		for i := 0; ; i++ {
			s.bodies.mu.Lock()
			now := len(s.bodies.waiting)
			s.bodies.mu.Unlock()
			if now == n {
				return
			}
			if i > 6000 {
				t.Fatalf("%d wait, want %d", now, n)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	go put(largeBody)
	<-entered
	go put(largeBody + 1)
	waiting(1)
	put(1)
	if a := <-answers; a != `200 OK {"Length":1}` || <-entered != 1 {
		t.Error(a)
	}
	leave <- struct{}{}
	if n := <-entered; n != largeBody+1 {
		t.Error(n)
	}
	leave <- struct{}{}
	go put(2 * largeBody) // more than all the room: alone
	<-entered
	leave <- struct{}{}
	for range 3 {
		if a := <-answers; !strings.HasPrefix(a, "200 ") {
			t.Error(a)
		}
	}
	put(3 * largeBody)
	if a := <-answers; !strings.HasPrefix(a, "413 ") {
		t.Error(a)
	}

	s.patience = 0
	go put(largeBody)
	<-entered
	put(largeBody)
	if a := <-answers; !strings.HasPrefix(a, "503 ") || !strings.Contains(a, "Too many large requests at once") {
		t.Error(a)
	}
	leave <- struct{}{}
	<-answers
	if f, ok := hydrant.AsFault(errNoRoom); !ok || f.Code == "" {
		t.Error(f)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // a call ends after its answer was sent
		s.bodies.mu.Lock()
		free := s.bodies.free
		s.bodies.mu.Unlock()
		if free == s.BodyMemory {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d free when all is done", free, s.BodyMemory)
		}
	}
}
