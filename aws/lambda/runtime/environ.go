package runtime

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed client/bootstrap.py client/bootstrap.mjs
var clientFiles embed.FS

// writeClients puts our runtime clients where an interpreter can read them, in a folder of their own.
func writeClients(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"bootstrap.py", "bootstrap.mjs"} {
		b, err := clientFiles.ReadFile("client/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// supported are the runtimes this package can run, given their interpreters: AWS's of these languages,
// with those that it creates no functions for any more.
var supported = strings.Fields(`provided provided.al2 provided.al2023 go1.x
	python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14
	nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x nodejs20.x nodejs22.x nodejs24.x`)

// Supported reports whether a runtime is one this package can run.
func Supported(name string) bool { return slices.Contains(supported, name) }

// command is what starts the function's process.
func (in *instance) command() ([]string, error) {
	s := in.spec
	switch {
	case strings.HasPrefix(s.Runtime, "python"):
		exe, err := in.p.find.python(strings.TrimPrefix(s.Runtime, "python"))
		return []string{exe, filepath.Join(in.p.clients, "bootstrap.py")}, err
	case strings.HasPrefix(s.Runtime, "nodejs"):
		exe, err := in.p.find.node(strings.TrimSuffix(strings.TrimPrefix(s.Runtime, "nodejs"), ".x"))
		return []string{exe, filepath.Join(in.p.clients, "bootstrap.mjs")}, err
	}
	tries := []string{"bootstrap"} // of the code, then of the layers
	if strings.HasPrefix(s.Runtime, "go1.") {
		tries = []string{s.Handler, "bootstrap"}
	}
	var paths []string
	for _, name := range tries {
		paths = append(paths, filepath.Join(s.Root, filepath.FromSlash(name)))
	}
	if s.Opt != "" {
		paths = append(paths, filepath.Join(s.Opt, "bootstrap"))
	}
	for _, path := range paths {
		if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
			return []string{path}, nil
		}
	}
	return nil, &entryError{fmt.Errorf("Couldn't find valid bootstrap(s): [/var/task/%s]", tries[0])}
}

// environ is the whole environment of the process: AWS's variables over the function's own, and
// nothing of ours but PATH, so that the operator's credentials stay with the operator.
func (in *instance) environ(tmp string) ([]string, error) {
	s := in.spec
	path := os.Getenv("PATH")
	if path == "" {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	env := map[string]string{
		"PATH":            path,
		"LANG":            "en_US.UTF-8",
		"TZ":              ":UTC",
		"HOME":            tmp, // an SDK must not find the operator's profile
		"TMPDIR":          tmp,
		"LD_LIBRARY_PATH": filepath.Join(s.Root, "lib") + ":" + s.Root,
	}
	if s.Opt != "" {
		env["PATH"] = filepath.Join(s.Opt, "bin") + ":" + path
		env["LD_LIBRARY_PATH"] += ":" + filepath.Join(s.Opt, "lib")
	}
	switch {
	case strings.HasPrefix(s.Runtime, "python"):
		env["PYTHONPATH"] = s.Root
		if s.Opt != "" {
			env["PYTHONPATH"] += ":" + filepath.Join(s.Opt, "python") + ":" + filepath.Join(s.Opt, "python", "lib", s.Runtime, "site-packages")
		}
		env["PYTHONIOENCODING"] = "utf-8"
		if s.State != "" {
			env["PYTHONDONTWRITEBYTECODE"] = "1" // the operator's own folder stays as it is
		}
		env["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + s.Runtime
		if home, err := os.UserHomeDir(); err == nil { // boto3 may be there: pip install --user
			env["PYTHONUSERBASE"] = filepath.Join(home, ".local")
		}
	case strings.HasPrefix(s.Runtime, "nodejs"):
		env["NODE_PATH"] = filepath.Join(s.Root, "node_modules")
		if s.Opt != "" {
			version := strings.TrimSuffix(strings.TrimPrefix(s.Runtime, "nodejs"), ".x")
			env["NODE_PATH"] += ":" + filepath.Join(s.Opt, "nodejs", "node"+version, "node_modules") + ":" + filepath.Join(s.Opt, "nodejs", "node_modules")
		}
		env["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + s.Runtime
	case strings.HasPrefix(s.Runtime, "go1."):
		env["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + s.Runtime
	}
	if in.p.cfg.Endpoint != nil {
		env["AWS_ENDPOINT_URL"] = in.p.cfg.Endpoint()
	}
	for k, v := range s.Env {
		env[k] = v
	}
	id, secret, token := s.Scope.Account, "hydrant", "hydrant"
	if in.p.cfg.Credentials != nil {
		var err error
		if id, secret, token, err = in.p.cfg.Credentials(context.Background(), s.Scope, s.Role, s.Name); err != nil {
			return nil, fmt.Errorf("credentials of role %s: %w", s.Role, err)
		}
	}
	for k, v := range map[string]string{
		"_HANDLER":                        s.Handler,
		"AWS_REGION":                      s.Scope.Region,
		"AWS_DEFAULT_REGION":              s.Scope.Region,
		"AWS_ACCESS_KEY_ID":               id,
		"AWS_SECRET_ACCESS_KEY":           secret,
		"AWS_SESSION_TOKEN":               token,
		"AWS_LAMBDA_RUNTIME_API":          in.api.addr,
		"AWS_LAMBDA_FUNCTION_NAME":        s.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     s.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(s.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       s.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      in.stream(),
		"LAMBDA_TASK_ROOT":                s.Root,
		"LAMBDA_RUNTIME_DIR":              in.p.clients,
	} {
		env[k] = v
	}
	if token == "" {
		delete(env, "AWS_SESSION_TOKEN")
	}
	list := make([]string, 0, len(env))
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list, nil
}
