package sts

import (
	"context"
	"time"
)

// Authority is who knows callers and roles: aws/iam. cmd/hydrant hands it over.
type Authority interface {
	// Caller tells who made the call behind ctx. Its errors are *hydrant.Fault.
	Caller(ctx context.Context) (Caller, error)
	// Assume gives who calls a session of a role, or a *hydrant.Fault.
	Assume(ctx context.Context, a Assumption) (Assumed, error)
	// SessionToken gives the user who calls temporary credentials. 0 seconds means 12 hours.
	SessionToken(ctx context.Context, seconds int) (Keys, error)
	// AccountOfKey is the account an access key belongs to.
	AccountOfKey(key string) (account string, ok bool)
}

// Caller is who calls.
type Caller struct{ Account, ARN, UserID string }

// Keys are temporary credentials.
type Keys struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// Assumption asks for a session of a role.
type Assumption struct {
	RoleARN        string
	SessionName    string
	Policy         string // "" for none
	PolicyARNs     []string
	Seconds        int // 0 means an hour
	ExternalID     string
	SourceIdentity string
	Tags           map[string]string
}

// Assumed is a session of a role.
type Assumed struct {
	Keys
	ARN, ID string // of the session
}
