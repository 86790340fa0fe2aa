package lambda

// Shapes shared by several operations. Configuration is also how a function is stored.

type (
	// Configuration describes a version of a function.
	Configuration struct {
		FunctionName               string
		FunctionArn                string
		Runtime                    string
		Role                       *string
		Handler                    string
		CodeSize                   int64
		Description                string
		Timeout                    int
		MemorySize                 int
		LastModified               string
		CodeSha256                 string
		Version                    string
		Environment                *Environment
		TracingConfig              *TracingConfig
		RevisionId                 string
		State                      string
		StateReason                string
		StateReasonCode            string
		LastUpdateStatus           string
		LastUpdateStatusReason     string
		LastUpdateStatusReasonCode string
		PackageType                string
		Architectures              []string
		EphemeralStorage           *EphemeralStorage
		SnapStart                  *SnapStart
		RuntimeVersionConfig       *RuntimeVersionConfig
		LoggingConfig              *LoggingConfig
		Layers                     []Layer
		DeadLetterConfig           *DeadLetterConfig `json:",omitempty"`
	}
	// Layer is a version of a layer that a function uses.
	Layer struct {
		Arn      string
		CodeSize int64
	}
	Environment   struct{ Variables map[string]string }
	TracingConfig struct {
		Mode string `enum:"Active|PassThrough"`
	}
	EphemeralStorage struct {
		Size int `min:"512" max:"10240"`
	}
	SnapStart struct {
		ApplyOn            string `enum:"PublishedVersions|None"`
		OptimizationStatus string
	}
	RuntimeVersionConfig struct{ RuntimeVersionArn string }
	LoggingConfig        struct {
		LogFormat           string `enum:"JSON|Text"`
		ApplicationLogLevel string `enum:"TRACE|DEBUG|INFO|WARN|ERROR|FATAL"`
		SystemLogLevel      string `enum:"DEBUG|INFO|WARN"`
		LogGroup            string `min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	}
	VpcConfig struct {
		SubnetIds, SecurityGroupIds []string
	}
	DeadLetterConfig struct {
		TargetArn string `pattern:"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"`
	}
	Empty struct{}
)

// FunctionCode says where a function's archive comes from.
type FunctionCode struct {
	ZipFile         []byte
	S3Bucket        string `min:"3" max:"63"`
	S3Key           string `min:"1" max:"1024"`
	S3ObjectVersion string `min:"1" max:"1024"`
	ImageUri        string
}
