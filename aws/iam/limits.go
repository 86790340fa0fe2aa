package iam

// Quotas of IAM, as the user guide lists them.
const (
	maxTrustChars      = 2048  // non-white characters of a trust policy
	maxManagedChars    = 6144  // of a managed policy
	maxRoleInlineChars = 10240 // of all inline policies of a role together
	maxUserInlineChars = 2048  // of all inline policies of a user together
	maxAttached        = 10    // managed policies per role or user
	maxVersions        = 5     // per managed policy
	maxKeysPerUser     = 2
	maxTags            = 50

	defaultPage = 100

	defaultMaxSession = 3600 // seconds a session of a role may last unless the role says otherwise
)
