package filter

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Settings are the function's settings.
type Settings struct {
	DeliveryStream string
	// BackoffSeed is the base of the waits: before the n-th further attempt the function waits a
	// random time between zero and 2 * BackoffSeed^n milliseconds (full jitter), maxWait at most. So 35 means
	// up to 70 ms, up to 2.45 s, and then up to maxWait.
	BackoffSeed int
	// Retries is the number of attempts after the first one, per call of PutRecordBatch.
	Retries int
}

const (
	defaultSeed    = 35
	defaultRetries = 3
	maxSeed        = 10_000
	maxRetries     = 100
	maxWait        = 10 * time.Second
)

// ReadSettings reads the environment. An error says which variable is wrong and how it should be.
func ReadSettings(env func(string) string) (Settings, error) {
	s := Settings{DeliveryStream: env("delivery_stream_name")}
	if s.DeliveryStream == "" {
		return s, fmt.Errorf("the environment variable delivery_stream_name is missing: it names the Firehose delivery stream that trips are sent to")
	}
	var err error
	if s.BackoffSeed, err = number(env, "exponential_backoff_seed", defaultSeed, 1, maxSeed); err != nil {
		return s, err
	}
	s.Retries, err = number(env, "number_of_retries", defaultRetries, 0, maxRetries)
	return s, err
}

func number(env func(string) string, name string, otherwise, low, high int) (int, error) {
	text := env(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("the environment variable %s is %q, want a whole number from %d to %d", name, text, low, high)
	}
	return n, nil
}

// ceiling is the longest wait before the n-th further attempt, from 1.
func (s Settings) ceiling(n int) time.Duration {
	ms := 2 * math.Pow(float64(s.BackoffSeed), float64(n))
	if ms >= float64(maxWait.Milliseconds()) {
		return maxWait
	}
	return time.Duration(ms * float64(time.Millisecond))
}
