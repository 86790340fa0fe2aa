package cloudformation

import "time"

// Shapes several operations share. Tags carry the constraints of the service model 2010-05-15.

type (
	// Empty is the answer of an operation that has nothing to say.
	Empty struct{}

	// Parameter is a value given for a parameter, or told of one.
	Parameter struct {
		ParameterKey     string
		ParameterValue   *string
		UsePreviousValue *bool
		ResolvedValue    string
	}
	Tag struct {
		Key   string `required:"" min:"1" max:"128"`
		Value string `required:"" min:"1" max:"256"`
	}
	Output struct{ OutputKey, OutputValue, Description, ExportName string }

	DriftInformation struct{ StackDriftStatus string }

	RollbackConfiguration struct {
		RollbackTriggers        []RollbackTrigger `max:"5"`
		MonitoringTimeInMinutes *int              `min:"0" max:"180"`
	}
	RollbackTrigger struct {
		Arn  string `required:""`
		Type string `required:""`
	}

	// Stack is a stack as DescribeStacks tells of it.
	Stack struct {
		StackId, StackName          string
		ChangeSetId                 string
		Description                 string
		Parameters                  []Parameter
		CreationTime                time.Time
		DeletionTime                *time.Time
		LastUpdatedTime             *time.Time
		RollbackConfiguration       RollbackConfiguration
		StackStatus                 string
		StackStatusReason           string
		DisableRollback             bool
		NotificationARNs            []string
		TimeoutInMinutes            *int
		Capabilities                []string
		Outputs                     []Output
		RoleARN                     string
		Tags                        []Tag
		EnableTerminationProtection bool
		DriftInformation            DriftInformation
	}

	resourceDrift struct{ StackResourceDriftStatus string }

	StackResource struct {
		StackName, StackId   string
		LogicalResourceId    string
		PhysicalResourceId   string
		ResourceType         string
		Timestamp            time.Time
		ResourceStatus       string
		ResourceStatusReason string
		DriftInformation     resourceDrift
	}
	StackResourceDetail struct {
		StackName, StackId   string
		LogicalResourceId    string
		PhysicalResourceId   string
		ResourceType         string
		LastUpdatedTimestamp time.Time
		ResourceStatus       string
		ResourceStatusReason string
		Metadata             string
		DriftInformation     resourceDrift
	}
	StackResourceSummary struct {
		LogicalResourceId    string
		PhysicalResourceId   string
		ResourceType         string
		LastUpdatedTimestamp time.Time
		ResourceStatus       string
		ResourceStatusReason string
		DriftInformation     resourceDrift
	}
	StackEvent struct {
		StackId, EventId, StackName string
		LogicalResourceId           string
		PhysicalResourceId          string
		ResourceType                string
		Timestamp                   time.Time
		ResourceStatus              string
		ResourceStatusReason        string
		ResourceProperties          string
		ClientRequestToken          string
	}
	StackSummary struct {
		StackId, StackName  string
		TemplateDescription string
		CreationTime        time.Time
		LastUpdatedTime     *time.Time
		DeletionTime        *time.Time
		StackStatus         string
		StackStatusReason   string
		DriftInformation    DriftInformation
	}
)
