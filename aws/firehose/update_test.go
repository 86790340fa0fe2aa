package firehose

import (
	"slices"
	"strings"
	"testing"
)

func TestUpdateMerges(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	h.create("s", converting)
	describe := func() (*ExtendedS3DestinationDescription, string) {
		d := h.find(here, "s").describe()
		return d.Destinations[0].ExtendedS3DestinationDescription, d.VersionId
	}
	must := func(u *ExtendedS3DestinationUpdate) {
		t.Helper()
		if err := h.update("s", u); err != nil {
			t.Fatal(err)
		}
	}
	must(&ExtendedS3DestinationUpdate{})
	must(&ExtendedS3DestinationUpdate{RoleARN: role})
	if _, v := describe(); v != "1" {
		t.Errorf("version %s after updates that change nothing", v)
	}
	must(&ExtendedS3DestinationUpdate{
		Prefix:         new("new/"),
		BufferingHints: &BufferingHints{IntervalInSeconds: new(60)},
		DataFormatConversionConfiguration: &DataFormatConversionConfiguration{
			SchemaConfiguration: &SchemaConfiguration{VersionId: "0"},
		},
		ProcessingConfiguration: &ProcessingConfiguration{Enabled: new(true), Processors: []Processor{{Type: appendDelimiter}}},
	})
	d, v := describe()
	s := d.DataFormatConversionConfiguration.SchemaConfiguration
	if v != "2" || *d.Prefix != "new/" || *d.BufferingHints.SizeInMBs != 128 || *d.BufferingHints.IntervalInSeconds != 60 ||
		s.VersionId != "0" || s.TableName != "trips" || d.DataFormatConversionConfiguration.InputFormatConfiguration == nil {
		t.Errorf("version %s: %+v, schema %+v", v, d, s)
	}
	must(&ExtendedS3DestinationUpdate{ProcessingConfiguration: &ProcessingConfiguration{Processors: []Processor{{Type: appendDelimiter}, {Type: appendDelimiter}}}})
	if d, _ := describe(); !isTrue(d.ProcessingConfiguration.Enabled) || len(d.ProcessingConfiguration.Processors) != 2 {
		t.Errorf("an omitted Enabled is inherited: %+v", d.ProcessingConfiguration)
	}
	h.stop()
	h.start()
	if d, v := describe(); v != "3" || *d.Prefix != "new/" {
		t.Errorf("after a restart: version %s, %+v", v, d)
	}
	_, err := h.UpdateDestination(t.Context(), &UpdateDestinationIn{
		DeliveryStreamName: "s", CurrentDeliveryStreamVersionId: "1", DestinationId: destinationID,
		ExtendedS3DestinationUpdate: &ExtendedS3DestinationUpdate{Prefix: new("x")},
	})
	wantCode(t, "stale version", err, "ConcurrentModificationException")
	if err == nil || !strings.Contains(err.Error(), "Cannot update firehose: s since the current version id: 3 and specified version id: 1 do not match") {
		t.Errorf("stale version: %v", err)
	}
	wantCode(t, "bad result of merging", h.update("s", &ExtendedS3DestinationUpdate{CompressionFormat: "GZIP"}), "InvalidArgumentException")
	wantCode(t, "expression without error prefix", h.update("s", &ExtendedS3DestinationUpdate{Prefix: new("!{timestamp:yyyy}")}), "InvalidArgumentException")
	if _, v := describe(); v != "3" {
		t.Errorf("version %s after refused updates", v)
	}
}

func TestChangedPrefixAppliesToWhatIsBuffered(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	h.put("s", "early")
	if err := h.update("s", &ExtendedS3DestinationUpdate{Prefix: new("late/")}); err != nil {
		t.Fatal(err)
	}
	if keys := h.flush("s"); !strings.HasPrefix(keys[0], "late/") || !strings.Contains(keys[0], "/s-2-") {
		t.Errorf("keys %q", keys)
	}
}

// Describe shows a Lambda processor with all its parameters, in AWS's order.
func TestLambdaIsDescribedWhole(t *testing.T) {
	h := newHouse(t, nil)
	h.functions = impure()
	h.stop()
	h.start()
	h.create("s", processors(processor(lambdaProcessor, "BufferSizeInMBs", "2", "BufferIntervalInSeconds", "90", "LambdaArn", functionARN)))
	p := h.find(here, "s").describe().Destinations[0].ExtendedS3DestinationDescription.ProcessingConfiguration.Processors
	want := []ProcessorParameter{{"LambdaArn", functionARN}, {"NumberOfRetries", "3"}, {"RoleArn", role}, {"BufferSizeInMBs", "2"}, {"BufferIntervalInSeconds", "90"}}
	if len(p) != 1 || !slices.Equal(p[0].Parameters, want) {
		t.Errorf("described as %+v", p)
	}
}

// Of dynamic partitioning what an update omits stays, and whether it is enabled can not change.
func TestUpdateOfPartitioning(t *testing.T) {
	h := newHouse(t, nil)
	h.create("parted", keyed("!{partitionKeyFromQuery:k}/", jq("{k: .k}")))
	h.create("whole", nil)
	retry := func(seconds int) *DynamicPartitioningConfiguration {
		return &DynamicPartitioningConfiguration{RetryOptions: &RetryOptions{DurationInSeconds: new(seconds)}}
	}
	described := func(name string) *DynamicPartitioningConfiguration {
		return h.find(here, name).describe().Destinations[0].ExtendedS3DestinationDescription.DynamicPartitioningConfiguration
	}
	if err := h.update("parted", &ExtendedS3DestinationUpdate{DynamicPartitioningConfiguration: retry(10)}); err != nil {
		t.Fatal(err)
	}
	if d := described("parted"); !isTrue(d.Enabled) || *d.RetryOptions.DurationInSeconds != 10 {
		t.Errorf("described as %+v", d)
	}
	if err := h.update("parted", &ExtendedS3DestinationUpdate{DynamicPartitioningConfiguration: &DynamicPartitioningConfiguration{Enabled: new(true)}}); err != nil {
		t.Fatal(err)
	}
	if d := described("parted"); !isTrue(d.Enabled) || *d.RetryOptions.DurationInSeconds != 10 {
		t.Errorf("described as %+v", d)
	}
	for name, enabled := range map[string]bool{"parted": false, "whole": true} {
		err := h.update(name, &ExtendedS3DestinationUpdate{DynamicPartitioningConfiguration: &DynamicPartitioningConfiguration{Enabled: new(enabled)}})
		wantCode(t, name, err, "InvalidArgumentException")
	}
}

func TestDecompressionIsNotEnabledLater(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	u := &ExtendedS3DestinationUpdate{ProcessingConfiguration: &ProcessingConfiguration{Enabled: new(true),
		Processors: []Processor{processor(decompression, "CompressionFormat", "GZIP")}}}
	wantCode(t, "enable", h.update("s", u), "InvalidArgumentException")
}
