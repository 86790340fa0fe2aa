package firehose

import "context"

const (
	sseEnabled   = "ENABLED"
	sseEnabling  = "ENABLING"
	sseDisabled  = "DISABLED"
	sseDisabling = "DISABLING"
)

// encryptionOf is the encryption a delivery stream is created with.
func encryptionOf(in *EncryptionInput) DeliveryStreamEncryptionConfiguration {
	if in == nil {
		return DeliveryStreamEncryptionConfiguration{Status: sseDisabled}
	}
	return DeliveryStreamEncryptionConfiguration{KeyARN: in.KeyARN, KeyType: in.KeyType, Status: sseEnabled}
}

// StartDeliveryStreamEncryption marks a delivery stream as encrypted.
//
//	Wire     Firehose_20150804.StartDeliveryStreamEncryption over json 1.1
//	Differs  the key is stored; nothing is encrypted; 25 calls a day are not counted
//	Proof    lifecycle_test.go
func (s *Service) StartDeliveryStreamEncryption(ctx context.Context, in *StartDeliveryStreamEncryptionIn) (*Empty, error) {
	key := in.DeliveryStreamEncryptionConfigurationInput
	if key == nil {
		key = &EncryptionInput{KeyType: "AWS_OWNED_CMK"}
	}
	if err := checkEncryption(key); err != nil {
		return nil, err
	}
	return s.encrypt(ctx, in.DeliveryStreamName, DeliveryStreamEncryptionConfiguration{
		KeyARN: key.KeyARN, KeyType: key.KeyType, Status: sseEnabling,
	}, sseEnabled)
}

// StopDeliveryStreamEncryption marks a delivery stream as not encrypted.
//
//	Wire     Firehose_20150804.StopDeliveryStreamEncryption over json 1.1
//	Proof    lifecycle_test.go
func (s *Service) StopDeliveryStreamEncryption(ctx context.Context, in *StopDeliveryStreamEncryptionIn) (*Empty, error) {
	return s.encrypt(ctx, in.DeliveryStreamName, DeliveryStreamEncryptionConfiguration{Status: sseDisabling}, sseDisabled)
}

// encrypt puts the encryption into a passing state and, after the delay, into its last.
func (s *Service) encrypt(ctx context.Context, name string, passing DeliveryStreamEncryptionConfiguration, last string) (*Empty, error) {
	st, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	err = st.change(func(v *state) (bool, error) {
		switch {
		case v.Type != directPut:
			return false, invalid("Server side encryption from firehose is only allowed for direct put delivery streams and database as a source delivery streams")
		case v.Status != statusActive:
			return false, inUse("Firehose %s under accountId %s is not ACTIVE: it is %s", v.Name, v.Scope.Account, v.Status)
		}
		v.Encryption = passing
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	s.later(func() { st.settleEncryption(passing.Status, last) })
	return &Empty{}, nil
}

func (st *stream) settleEncryption(from, to string) {
	err := st.change(func(v *state) (bool, error) {
		if v.Encryption.Status != from {
			return false, nil // another call came between
		}
		v.Encryption.Status = to
		return true, nil
	})
	if err != nil {
		st.s.log.Error("encryption state", "name", st.now.Load().Name, "error", err)
	}
}
