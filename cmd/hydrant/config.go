package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/store/blob/mount"
)

// Config is everything one can set of a running hydrant. The zero value of nothing is needed: every
// field has a default, and `hydrant serve` works in an empty folder.
type Config struct {
	Data string `default:"hydrant-data" placeholder:"DIR" help:"Folder that holds all state: records, objects, control state. One process at a time."`
	Addr string `default:"127.0.0.1:4566" help:"Address of the one port all services share. Beyond loopback it needs --access-key."`

	Limits      string        `default:"none" enum:"aws,none" help:"aws holds AWS's throughput limits per shard and delivery stream; none holds sizes and counts only."`
	Faults      []string      `name:"fault" sep:"none" placeholder:"RULE" help:"Let calls go wrong on purpose, as hydrant faults add does. Repeatable."`
	FaultSeed   *uint64       `placeholder:"N" help:"Seed of the chances of --fault, so that a test repeats."`
	StatusDelay time.Duration `default:"100ms" help:"How long a resource stays CREATING, UPDATING or DELETING. AWS takes seconds."`

	AccessKeys     []string `name:"access-key" env:"HYDRANT_ACCESS_KEYS" placeholder:"ID:SECRET" help:"Access keys of the administrator. With any, every request must be signed and IAM policies are evaluated."`
	Auth           bool     `help:"Refuse to start without --access-key: signatures and IAM policies are to be checked."`
	TLSCert        string   `name:"tls-cert" placeholder:"FILE" help:"Certificate (PEM) for clients that speak TLS on the port. Without one, a self-signed is made in DIR/tls when the first such client comes."`
	TLSKey         string   `name:"tls-key" placeholder:"FILE" help:"Its private key (PEM)."`
	AllowFunctions bool     `help:"Run Lambda functions though listening beyond loopback. They run with your own rights."`

	FunctionUser    string   `placeholder:"NAME" help:"User that Lambda functions run as, instead of you. It takes root."`
	FunctionFolders []string `name:"function-folder" sep:"none" placeholder:"NAME=DIR" help:"Run a function's $LATEST from a folder instead of its archive: an edit is there at the next invocation. Repeatable; on loopback only."`

	Lake         []string `sep:"none" placeholder:"[NAME=]s3://BUCKET[/PREFIX]" help:"A bucket, or a prefix of one, that lies at an S3 endpoint instead of in DIR: deliveries to it, reads and queries of it go there. Repeatable. Credentials and Region are those the AWS SDK finds."`
	LakeEndpoint string   `placeholder:"URL" help:"Endpoint of --lake, where it is not Amazon's; buckets are named in the path."`
	LakeCacheMiB int      `default:"4096" name:"lake-cache-mib" help:"Disk for copies of such objects that queries read. A query over more is refused."`

	SegmentMiB   int    `default:"128" name:"segment-mib" help:"Size of a log segment. Space is freed segment by segment."`
	TailMiB      int    `default:"64" name:"tail-mib" help:"Memory for the newest records, from which tailing readers are served."`
	QueryMemory  string `default:"1GB" help:"Memory DuckDB may use, once a query has been asked."`
	QueryThreads int    `default:"0" help:"Threads DuckDB may use; 0 means all cores."`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" help:"What the operator's log on stderr tells."`
	LogFormat string `default:"text" enum:"text,json" help:"Form of the operator's log."`
}

// defaultConfig is the Config of a command line that says nothing.
func defaultConfig() (c Config) {
	if err := kong.ApplyDefaults(&c); err != nil {
		panic("internal error: " + err.Error())
	}
	return c
}

// logger writes to stderr as the settings say.
func (c *Config) logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// keys are the access keys as a map from id to secret.
func (c *Config) keys() (map[string]string, error) {
	if len(c.AccessKeys) == 0 {
		return nil, nil
	}
	keys := make(map[string]string)
	for _, k := range c.AccessKeys {
		id, secret, ok := strings.Cut(k, ":")
		if !ok || id == "" || secret == "" {
			return nil, hinted{fmt.Errorf("access key %q is not ID:SECRET", id), "give --access-key AKIA...:SECRET"}
		}
		keys[id] = secret
	}
	return keys, nil
}

// functionUser is whom functions run as; nil: as we do.
func (c *Config) functionUser() (*runtime.User, error) {
	if c.FunctionUser == "" {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, hinted{errors.New("--function-user takes root: only it may start a process as another user"), "start hydrant as root, or leave the setting out"}
	}
	u, err := user.Lookup(c.FunctionUser)
	if err != nil {
		return nil, hinted{fmt.Errorf("function user: %w", err), "name a user of this machine"}
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return nil, fmt.Errorf("function user %s: %w", c.FunctionUser, err)
	}
	return &runtime.User{UID: uint32(uid), GID: uint32(gid)}, nil
}

// functionFolders are the folders functions run from, by the functions' names.
func (c *Config) functionFolders() (map[string]string, error) {
	folders := make(map[string]string)
	for _, f := range c.FunctionFolders {
		name, dir, ok := strings.Cut(f, "=")
		if !ok || name == "" || dir == "" {
			return nil, hinted{fmt.Errorf("function folder %q is not NAME=DIR", f), "give --function-folder nyc-taxi-trips=./src"}
		}
		if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
			return nil, hinted{fmt.Errorf("the folder %s of function %s is not there", dir, name), "name the folder its archive would be made of"}
		}
		folders[name] = dir
	}
	return folders, nil
}

// mounts are the buckets that lie elsewhere.
func (c *Config) mounts() ([]mount.Mount, error) {
	var all []mount.Mount
	for _, l := range c.Lake {
		m, err := mount.Parse(l)
		if err != nil {
			return nil, hinted{fmt.Errorf("lake %w", err), "give --lake s3://my-bucket"}
		}
		all = append(all, m)
	}
	return all, nil
}

// checkLake refuses a lake that could only be a mistake.
func (c *Config) checkLake() error {
	if c.LakeEndpoint == "" {
		return nil
	}
	if len(c.Lake) == 0 {
		return hinted{errors.New("--lake-endpoint without --lake"), "name the buckets that lie there: --lake s3://my-bucket"}
	}
	u, err := url.Parse(c.LakeEndpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return hinted{fmt.Errorf("lake endpoint %q is no URL", c.LakeEndpoint), "give --lake-endpoint https://host:port"}
	}
	if u.Host == c.Addr {
		return hinted{fmt.Errorf("lake endpoint %s is this hydrant itself", c.LakeEndpoint), "leave --lake out: objects are kept in --data then"}
	}
	return nil
}

// loopback reports whether only this machine can reach the address.
func (c *Config) loopback() bool {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// check refuses settings that would expose the house.
func (c *Config) check() error {
	if err := c.checkLake(); err != nil {
		return err
	}
	if c.Auth && len(c.AccessKeys) == 0 {
		return hinted{errors.New("--auth checks signatures, and no access keys are configured"), "give --access-key ID:SECRET, or leave --auth out"}
	}
	if !c.loopback() && len(c.FunctionFolders) > 0 {
		return hinted{fmt.Errorf("%s can be reached from other machines, and --function-folder is for development", c.Addr), "listen on 127.0.0.1, or deploy the function as an archive"}
	}
	if !c.loopback() && len(c.AccessKeys) == 0 {
		return hinted{fmt.Errorf("%s can be reached from other machines, and no access keys are configured", c.Addr),
			"listen on 127.0.0.1, or give --access-key ID:SECRET so that every request must be signed"}
	}
	return nil
}
