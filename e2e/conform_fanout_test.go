package e2e

import (
	"context"
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fanout is what a program prints that reads a stream by enhanced fan-out: what GetRecords says, a push, the
// refusal of a second subscription within its first seconds, two more records in one call, the end of the shard.
const fanout = `get r0
push k r0
again ResourceInUseException
push k r1
push k r2
end shardId-000000000001,shardId-000000000002 no continuation
done
`

// TestConformNode: the AWS SDK for JavaScript, which speaks HTTP/2 to Kinesis, with TLS and without.
func TestConformNode(t *testing.T) {
	conforming(t)
	for _, name := range []string{"node", "npm"} {
		_, err := exec.LookPath(name)
		need(t, err == nil, name)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "e2e", "testdata", "node"))); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
	if err != nil {
		t.Log(out)
	}
	need(t, err == nil, "the npm package @aws-sdk/client-kinesis")
	p, cert := serveTLS(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			out, err := command(t, dir, []string{
				"AWS_ENDPOINT_URL=" + scheme + "://" + p.addr, "NODE_EXTRA_CA_CERTS=" + cert,
				"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
			}, "node", "subscribe.mjs", "node-"+scheme)
			if want := "handler h2\n" + fanout; err != nil || out != want {
				t.Errorf("%v\n%s\nwant\n%s\n-- hydrant's log:\n%s", err, out, want, p.stderr())
			}
		})
	}
}

// TestConformJava: the AWS SDK for Java, which speaks CBOR over HTTP/2 to Kinesis.
func TestConformJava(t *testing.T) {
	conforming(t)
	for _, name := range []string{"java", "keytool", "mvn"} {
		_, err := exec.LookPath(name)
		need(t, err == nil, name)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "e2e", "testdata", "java"))); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, dir, nil, "mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath")
	if err != nil {
		t.Log(out)
	}
	need(t, err == nil, "software.amazon.awssdk:kinesis by Maven")
	classpath, err := os.ReadFile(filepath.Join(dir, "classpath"))
	if err != nil {
		t.Fatal(err)
	}
	p, cert := serveTLS(t)
	if out, err := command(t, dir, nil, "keytool", "-importcert", "-noprompt", "-storepass", "changeit", "-keystore", "trust.p12", "-alias", "hydrant", "-file", cert); err != nil {
		t.Fatal(err, out)
	}
	out, err = command(t, dir, nil, "java", "-Djavax.net.ssl.trustStore=trust.p12", "-Djavax.net.ssl.trustStorePassword=changeit",
		"-cp", "target/classes:"+string(classpath), "Subscribe", "https://"+p.addr, "java")
	if want := "type application/x-amz-cbor-1.1\n" + fanout; err != nil || out != want {
		t.Errorf("%v\n%s\nwant\n%s\n-- hydrant's log:\n%s", err, out, want, p.stderr())
	}
}

// serveTLS starts hydrant and returns the file of the certificate it has made.
func serveTLS(t *testing.T) (p *process, cert string) {
	t.Helper()
	data := t.TempDir()
	p = serve(t, data, "")
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // the certificate is made for the first who asks
	c, err := d.DialContext(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return p, filepath.Join(data, "tls", "cert.pem")
}

// command runs a program in a folder; what it prints to stderr is in the log of a test that fails.
func command(t *testing.T, dir string, env []string, name string, args ...string) (stdout string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("%s: %v\n%s", name, err, stderr.String())
	}
	return string(out), err
}
