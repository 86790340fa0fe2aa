package kinesis

import (
	"context"
	"testing"
)

func TestWarmThroughputIsRefused(t *testing.T) {
	h := open(t, Config{})
	ctx := context.Background()
	h.create("p", 1)
	if _, err := h.CreateStream(ctx, &CreateStreamIn{StreamName: "d"}); err != nil {
		t.Fatal(err)
	}
	warm := func(name string, mib int) error {
		_, err := h.UpdateStreamWarmThroughput(ctx, &UpdateStreamWarmThroughputIn{StreamName: name, WarmThroughputMiBps: &mib})
		return err
	}
	wantFault(t, warm("p", 10), "ValidationException", "ON_DEMAND")
	wantFault(t, warm("d", maxWarmMiBps+1), "LimitExceededException", "must not exceed")
	wantFault(t, warm("d", 10), "ValidationException", "MinimumThroughputBillingCommitment")
	wantFault(t, warm("nope", 10), "ResourceNotFoundException", "not found")
	h.close()
}
