package lambda

import (
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant/internal/absent"
)

// TestBoto3CallsBack: a handler that uses the interpreter's boto3, with no word about us in it,
// reaches us.
func TestBoto3CallsBack(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		absent.Skip(t, "python3 with boto3 is not on PATH")
	}
	h := newHouse(t, nil)
	code := zipped(t, map[string]string{"jobs/app.py": `
import boto3, os

lam = boto3.client("lambda")

def handler(event, context):
    names = [f["FunctionName"] for f in lam.list_functions()["Functions"]]
    return {"names": names, "trace": os.environ["_X_AMZN_TRACE_ID"][:6]}
`})
	_, err := h.CreateFunction(t.Context(), &sdk.CreateFunctionInput{FunctionName: aws.String("py"), Role: aws.String(role), Runtime: types.RuntimePython311,
		Handler: aws.String("jobs/app.handler"), Code: &types.FunctionCode{ZipFile: code}, MemorySize: aws.Int32(512), Timeout: aws.Int32(30)})
	if err != nil {
		t.Fatal(err)
	}
	if out := h.invoke("py", `{}`); string(out.Payload) != `{"names": ["py"], "trace": "Root=1"}` {
		t.Errorf("%s", out.Payload)
	}
}
