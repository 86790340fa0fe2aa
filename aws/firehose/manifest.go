package firehose

import (
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// Entry is one line of a manifest.
type Entry struct {
	// State is "committed", or "intended": decided and on disk, its objects written, half written or
	// not begun. An intended delivery has no Sequence and Time yet, and which of its objects there
	// will be shows when it is written.
	State  string
	Backup bool `json:",omitempty"` // of the source, not of the destination
	Delivery
}

// Manifest tells where the records of a delivery stream went, out of a journal: committed deliveries,
// oldest first, as far back as Config.ManifestKeep, then those decided; and the same of its backup.
// What is in no entry is in the spool.
func Manifest(j journal.Journal, scope hydrant.Scope, name string) ([]Entry, error) {
	scope = scope.Or()
	v, ok, err := journal.Load[state](j, statePrefix+scope.String()+"/"+name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound(scope, name)
	}
	var all []Entry
	for _, backup := range []bool{false, true} {
		spool := v.Spool
		if backup {
			spool += backupSuffix
		}
		err := journal.Each(j, deliveriesOf(spool), func(_ string, d Delivery) error {
			all = append(all, Entry{"committed", backup, d})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("manifest of %s: %w", name, err)
		}
		err = journal.Each(j, intentPrefix+v.Spool, func(key string, in intent) error {
			if strings.HasSuffix(key, backupSuffix) == backup {
				all = append(all, Entry{"intended", backup, in.intended()})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("intents of %s: %w", name, err)
		}
	}
	return all, nil
}

// intended is the line of the manifest before the intent has been carried out.
func (in *intent) intended() Delivery {
	objects := []Object{{Bucket: in.Data.Bucket, Key: in.Data.Key}}
	if in.Conversion != nil {
		objects = append(objects, Object{Bucket: in.Rejects.Bucket, Key: in.Rejects.Key, Error: conversionFailed})
	}
	for _, e := range in.Contents.Errors {
		objects = append(objects, Object{Bucket: in.Failed[e].Bucket, Key: in.Failed[e].Key, Error: e})
	}
	d := in.delivery(objects)
	d.Time = time.Time{}
	return *d
}

// Manifest is that of a delivery stream of the service.
func (s *Service) Manifest(scope hydrant.Scope, name string) ([]Entry, error) {
	return Manifest(s.cfg.Journal, scope, name)
}
