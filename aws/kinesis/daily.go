package kinesis

import (
	"maps"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// Changes of a stream in 24 hours, held only with --limits aws.
const (
	maxScalings        = 10 // UpdateShardCount
	maxModeChanges     = 2  // UpdateStreamMode
	maxEncryptionStart = 25 // StartStreamEncryption
)

const day = 24 * time.Hour

// daily counts a change against the number a stream may have of its kind in 24 hours. The info is left as
// it was where that is reached.
func (s *Service) daily(info *streamInfo, operation string, most int, now time.Time) error {
	if !s.Limits {
		return nil
	}
	lately := slices.DeleteFunc(slices.Clone(info.Changes[operation]), func(at int64) bool { return at <= now.Add(-day).UnixMilli() })
	if len(lately) >= most {
		return hydrant.Faultf("LimitExceededException", "Stream %s under account %s has reached the limit of %d calls of %s in 24 hours.", info.Name, info.Scope.Account, most, operation)
	}
	changes := maps.Clone(info.Changes)
	if changes == nil {
		changes = map[string][]int64{}
	}
	changes[operation] = append(lately, now.UnixMilli())
	info.Changes = changes
	return nil
}
