package athena

import (
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// The states of a work group.
const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

// workGroup is where executions belong, as the journal keeps it under athena/<scope>/workgroup/<name>.
// The group primary is there before it is first written.
type workGroup struct {
	Name          string
	State         string
	Description   string
	Created       time.Time
	Configuration WorkGroupConfiguration
	Tags          map[string]string `json:",omitempty"`
}

func (g *workGroup) enforced() bool {
	return g.Configuration.EnforceWorkGroupConfiguration != nil && *g.Configuration.EnforceWorkGroupConfiguration
}

// cutoff is the number of bytes a query may scan; 0 is no bound.
func (g *workGroup) cutoff() int64 {
	if g.Configuration.BytesScannedCutoffPerQuery == nil {
		return 0
	}
	return *g.Configuration.BytesScannedCutoffPerQuery
}

// group finds a work group; "" is primary.
func (s *Service) group(scope hydrant.Scope, name string) (workGroup, error) {
	if name == "" {
		name = primary
	}
	g, ok, err := journal.Load[workGroup](s.config.Journal, key(scope, "workgroup", name))
	if err != nil || ok {
		return g, err
	}
	if name != primary {
		return g, invalid("INVALID_INPUT", "WorkGroup %s is not found.", name)
	}
	no, yes := false, true
	return workGroup{Name: primary, State: enabled, Configuration: WorkGroupConfiguration{
		ResultConfiguration: &ResultConfiguration{}, EnforceWorkGroupConfiguration: &no, PublishCloudWatchMetricsEnabled: &yes,
		RequesterPaysEnabled: &no, EngineVersion: &EngineVersion{"AUTO", engineVersion},
	}}, nil
}

// fill completes and checks a configuration.
func (c *WorkGroupConfiguration) fill() error {
	switch {
	case c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled:
		return invalid("INVALID_INPUT", "Managed query results are not supported here; give an OutputLocation.")
	case c.EngineVersion != nil && c.EngineVersion.SelectedEngineVersion != "" && c.EngineVersion.SelectedEngineVersion != "AUTO" &&
		c.EngineVersion.SelectedEngineVersion != engineVersion:
		return invalid("INVALID_INPUT", "Engine version %s is not supported here; there is %s.", c.EngineVersion.SelectedEngineVersion, engineVersion)
	}
	yes, no := true, false
	if c.EnforceWorkGroupConfiguration == nil {
		c.EnforceWorkGroupConfiguration = &yes
	}
	if c.PublishCloudWatchMetricsEnabled == nil {
		c.PublishCloudWatchMetricsEnabled = &no
	}
	if c.RequesterPaysEnabled == nil {
		c.RequesterPaysEnabled = &no
	}
	if c.EngineVersion == nil || c.EngineVersion.SelectedEngineVersion == "" {
		c.EngineVersion = &EngineVersion{SelectedEngineVersion: "AUTO"}
	}
	c.EngineVersion.EffectiveEngineVersion = engineVersion
	return nil
}
