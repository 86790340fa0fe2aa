package lambda

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestAccountSettings(t *testing.T) {
	h := newHouse(t, nil)
	made := h.create("f", `OUT=1`, nil)
	if _, err := h.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(30)}); err != nil {
		t.Fatal(err)
	}
	out, err := h.GetAccountSettings(t.Context(), &sdk.GetAccountSettingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if l := out.AccountLimit; l.ConcurrentExecutions != 1000 || *l.UnreservedConcurrentExecutions != 970 || l.CodeSizeZipped != 50<<20 {
		t.Errorf("%+v", l)
	}
	if u := out.AccountUsage; u.FunctionCount != 1 || u.TotalCodeSize != made.CodeSize {
		t.Errorf("%+v, the function has %d bytes", u, made.CodeSize)
	}

	signing, err := h.GetFunctionCodeSigningConfig(t.Context(), &sdk.GetFunctionCodeSigningConfigInput{FunctionName: aws.String("f")})
	if err != nil || aws.ToString(signing.CodeSigningConfigArn) != "" || *signing.FunctionName != "f" {
		t.Errorf("%+v, %v", signing, err)
	}
	_, err = h.GetProvisionedConcurrencyConfig(t.Context(), &sdk.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("f"), Qualifier: aws.String("$LATEST")})
	wantFault(t, err, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found")
	list, err := h.ListProvisionedConcurrencyConfigs(t.Context(), &sdk.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("f")})
	if err != nil || len(list.ProvisionedConcurrencyConfigs) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOnlyAWSsRuntimes(t *testing.T) {
	h := newHouse(t, nil)
	for _, name := range []string{"python2.7", "python3.99", "nodejs21.x", "provided.al2024"} {
		_, err := h.CreateFunction(t.Context(), &sdk.CreateFunctionInput{FunctionName: aws.String("x"), Role: aws.String(role), Runtime: types.Runtime(name), Handler: aws.String("a.b"),
			Code: &types.FunctionCode{ZipFile: zipped(t, map[string]string{"a": ""})}})
		wantFault(t, err, "InvalidParameterValueException", "failed to satisfy constraint: Member must satisfy enum value set")
	}
}
