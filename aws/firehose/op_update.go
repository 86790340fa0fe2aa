package firehose

import (
	"context"
	"reflect"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// UpdateDestination changes the members of the destination that the request names.
//
//	Wire     Firehose_20150804.UpdateDestination over json 1.1
//	Order    the version is checked first; a change raises it by one; no change leaves it
//	Durable  the new configuration survives when the call returns; it applies to records already buffered
//	Differs  takes effect at once
//	Proof    update_test.go
func (s *Service) UpdateDestination(ctx context.Context, in *UpdateDestinationIn) (*Empty, error) {
	u, err := update(in)
	if err != nil {
		return nil, err
	}
	st, err := s.named(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	// The table is asked for outside the lock: the check is done on a copy, and the change is
	// made only if the version is still the one that was checked.
	next := *st.now.Load()
	changed, err := s.merged(ctx, &next, in, u)
	if err != nil || !changed {
		return &Empty{}, err
	}
	err = st.change(func(v *state) (bool, error) {
		if err := updatable(v, in); err != nil {
			return false, err
		}
		v.Destination = next.Destination
		v.Staged = v.Staged || stages(&v.Destination)
		v.Version++
		v.Updated = time.Now().UTC()
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if w := st.work.Load(); w != nil {
		w.changed()
	}
	return &Empty{}, nil
}

// update picks the one update of a call.
func update(in *UpdateDestinationIn) (*ExtendedS3DestinationUpdate, error) {
	others := named{
		{"RedshiftDestinationUpdate", in.RedshiftDestinationUpdate},
		{"ElasticsearchDestinationUpdate", in.ElasticsearchDestinationUpdate},
		{"AmazonopensearchserviceDestinationUpdate", in.AmazonopensearchserviceDestinationUpdate},
		{"SplunkDestinationUpdate", in.SplunkDestinationUpdate},
		{"HttpEndpointDestinationUpdate", in.HttpEndpointDestinationUpdate},
		{"AmazonOpenSearchServerlessDestinationUpdate", in.AmazonOpenSearchServerlessDestinationUpdate},
		{"SnowflakeDestinationUpdate", in.SnowflakeDestinationUpdate},
		{"IcebergDestinationUpdate", in.IcebergDestinationUpdate},
	}.given()
	switch {
	case len(others) > 0:
		return nil, invalid("%s is not available here: this service delivers to S3 only", others[0])
	case in.S3DestinationUpdate != nil && in.ExtendedS3DestinationUpdate != nil:
		return nil, invalid("Exactly one destination configuration is supported for a Firehose")
	case in.ExtendedS3DestinationUpdate != nil:
		return in.ExtendedS3DestinationUpdate, nil
	case in.S3DestinationUpdate != nil:
		return in.S3DestinationUpdate.extended(), nil
	}
	return &ExtendedS3DestinationUpdate{}, nil
}

// extended is a legacy update as one of a whole destination.
func (u *S3DestinationUpdate) extended() *ExtendedS3DestinationUpdate {
	return &ExtendedS3DestinationUpdate{
		RoleARN: u.RoleARN, BucketARN: u.BucketARN, Prefix: u.Prefix, ErrorOutputPrefix: u.ErrorOutputPrefix,
		BufferingHints: u.BufferingHints, CompressionFormat: u.CompressionFormat,
		EncryptionConfiguration: u.EncryptionConfiguration, CloudWatchLoggingOptions: u.CloudWatchLoggingOptions,
	}
}

func updatable(v *state, in *UpdateDestinationIn) error {
	switch {
	case v.Status != statusActive:
		return inUse("Firehose %s under accountId %s is not ACTIVE: it is %s", v.Name, v.Scope.Account, v.Status)
	case in.DestinationId != destinationID:
		return invalid("Destination Id %s not found", in.DestinationId)
	case in.CurrentDeliveryStreamVersionId != strconv.Itoa(v.Version):
		return hydrant.Faultf("ConcurrentModificationException",
			"Cannot update firehose: %s since the current version id: %d and specified version id: %s do not match",
			v.Name, v.Version, in.CurrentDeliveryStreamVersionId)
	}
	return nil
}

// merged puts the update into v's destination and checks the whole. It reports whether anything changed.
func (s *Service) merged(ctx context.Context, v *state, in *UpdateDestinationIn, u *ExtendedS3DestinationUpdate) (bool, error) {
	if err := updatable(v, in); err != nil {
		return false, err
	}
	d := v.Destination
	if err := merge(&d, u); err != nil {
		return false, err
	}
	if active(&d, decompression) && !active(&v.Destination, decompression) && !active(&v.Destination, lambdaProcessor) {
		return false, invalid("Decompression can be enabled on an existing delivery stream only when decompression or a Lambda processor is enabled on it")
	}
	complete(v.Scope, &d)
	if reflect.DeepEqual(d, v.Destination) {
		return false, nil
	}
	if err := s.check(ctx, v.Scope, &d); err != nil {
		return false, err
	}
	v.Destination = d
	return true, nil
}

// merge replaces the members that u gives. What d points to is shared with the state in place and
// is never written through.
func merge(d *ExtendedS3DestinationConfiguration, u *ExtendedS3DestinationUpdate) error {
	set(&d.RoleARN, u.RoleARN)
	set(&d.BucketARN, u.BucketARN)
	set(&d.Prefix, u.Prefix)
	set(&d.ErrorOutputPrefix, u.ErrorOutputPrefix)
	set(&d.CompressionFormat, u.CompressionFormat)
	set(&d.EncryptionConfiguration, u.EncryptionConfiguration)
	set(&d.CloudWatchLoggingOptions, u.CloudWatchLoggingOptions)
	set(&d.FileExtension, u.FileExtension)
	set(&d.CustomTimeZone, u.CustomTimeZone)
	if h := u.BufferingHints; h != nil {
		hints := *d.BufferingHints
		set(&hints.SizeInMBs, h.SizeInMBs)
		set(&hints.IntervalInSeconds, h.IntervalInSeconds)
		d.BufferingHints = &hints
	}
	if p := u.ProcessingConfiguration; p != nil { // replaced whole, but for an omitted Enabled
		c := *p
		if c.Enabled == nil && d.ProcessingConfiguration != nil {
			c.Enabled = d.ProcessingConfiguration.Enabled
		}
		d.ProcessingConfiguration = &c
	}
	if u.DataFormatConversionConfiguration != nil {
		d.DataFormatConversionConfiguration = mergeConversion(d.DataFormatConversionConfiguration, u.DataFormatConversionConfiguration)
	}
	if p := u.DynamicPartitioningConfiguration; p != nil {
		if p.Enabled != nil && *p.Enabled != isTrue(partitioning(d)) {
			return invalid("Dynamic Partitioning can be enabled only when a delivery stream is created, and can not be disabled")
		}
		c := DynamicPartitioningConfiguration{Enabled: new(isTrue(partitioning(d)))}
		if have := d.DynamicPartitioningConfiguration; have != nil {
			c = *have
		}
		set(&c.RetryOptions, p.RetryOptions)
		d.DynamicPartitioningConfiguration = &c
	}
	if u.S3BackupMode == "Disabled" && d.S3BackupMode == "Enabled" {
		return invalid("S3 backup can not be disabled once it is enabled")
	}
	set(&d.S3BackupMode, u.S3BackupMode)
	if b := u.S3BackupUpdate; b != nil {
		return mergeBackup(d, b)
	}
	return nil
}

// mergeBackup replaces the members of the backup's destination that are given.
func mergeBackup(d *ExtendedS3DestinationConfiguration, b *S3DestinationUpdate) error {
	to := &ExtendedS3DestinationConfiguration{BufferingHints: completeHints(nil, defaultSizeMB)}
	if d.S3BackupConfiguration != nil {
		to = extended(d.S3BackupConfiguration)
	}
	if err := merge(to, b.extended()); err != nil {
		return err
	}
	if to.RoleARN == "" || to.BucketARN == "" {
		return invalid("RoleARN and BucketARN are required for an S3 backup destination")
	}
	d.S3BackupConfiguration = to.legacy()
	return nil
}

func mergeConversion(have, u *DataFormatConversionConfiguration) *DataFormatConversionConfiguration {
	if have == nil {
		return u
	}
	c := *have
	set(&c.Enabled, u.Enabled)
	set(&c.InputFormatConfiguration, u.InputFormatConfiguration)
	set(&c.OutputFormatConfiguration, u.OutputFormatConfiguration)
	if n := u.SchemaConfiguration; n != nil {
		var t SchemaConfiguration
		if c.SchemaConfiguration != nil {
			t = *c.SchemaConfiguration
		}
		set(&t.RoleARN, n.RoleARN)
		set(&t.CatalogId, n.CatalogId)
		set(&t.DatabaseName, n.DatabaseName)
		set(&t.TableName, n.TableName)
		set(&t.Region, n.Region)
		set(&t.VersionId, n.VersionId)
		c.SchemaConfiguration = &t
	}
	return &c
}

// set replaces a member that was given.
func set[T comparable](member *T, given T) {
	var none T
	if given != none {
		*member = given
	}
}
