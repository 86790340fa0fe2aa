package lambda

import (
	"context"

	"github.com/hydrant-stream/hydrant"
)

type (
	AccountSettings struct {
		AccountLimit AccountLimit
		AccountUsage AccountUsage
	}
	AccountLimit struct {
		TotalCodeSize                  int64
		CodeSizeUnzipped               int64
		CodeSizeZipped                 int64
		ConcurrentExecutions           int
		UnreservedConcurrentExecutions int
	}
	AccountUsage struct {
		TotalCodeSize int64
		FunctionCount int64
	}
)

// GetAccountSettings tells the account's limits and what of them the Region uses.
//
//	Wire     GET /2016-08-19/account-settings, 200
//	Differs  TotalCodeSize is AWS's limit; nothing holds to it
//	Proof    TestAccountSettings
func (s *Service) GetAccountSettings(ctx context.Context, _ *Empty) (*AccountSettings, error) {
	scope := hydrant.ScopeOf(ctx)
	out := &AccountSettings{AccountLimit: AccountLimit{
		TotalCodeSize: maxCodeStorage, CodeSizeUnzipped: maxUnzippedBytes, CodeSizeZipped: maxZipBytes,
		ConcurrentExecutions: accountLimit, UnreservedConcurrentExecutions: accountLimit,
	}}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for k, f := range s.fns {
		if k.Scope != scope {
			continue
		}
		out.AccountUsage.FunctionCount++
		out.AccountUsage.TotalCodeSize += f.Latest.CodeSize
		for i := range f.Versions {
			out.AccountUsage.TotalCodeSize += f.Versions[i].CodeSize
		}
		if f.Reserved != nil {
			out.AccountLimit.UnreservedConcurrentExecutions -= *f.Reserved
		}
	}
	return out, nil
}

type CodeSigningConfig struct {
	FunctionName         string
	CodeSigningConfigArn string
}

// GetFunctionCodeSigningConfig tells that a function's code need not be signed. Tools that describe a function
// whole ask for it.
//
//	Wire     GET /2020-06-30/functions/{FunctionName}/code-signing-config, 200
//	Differs  there is no operation to set one
//	Proof    TestAccountSettings
func (s *Service) GetFunctionCodeSigningConfig(ctx context.Context, in *FunctionIn) (*CodeSigningConfig, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	return &CodeSigningConfig{FunctionName: f.Name}, nil
}

// GetProvisionedConcurrencyConfig finds none, since PutProvisionedConcurrencyConfig is refused.
//
//	Wire     GET /2019-09-30/functions/{FunctionName}/provisioned-concurrency, always a fault
//	Proof    TestAccountSettings
func (s *Service) GetProvisionedConcurrencyConfig(ctx context.Context, in *ProvisionedConcurrencyIn) (*Empty, error) {
	if _, _, err := s.resolve(ctx, in.FunctionName, in.Qualifier); err != nil {
		return nil, err
	}
	return nil, hydrant.Faultf("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function").WithStatus(404).WithField("Type", "User")
}

type ProvisionedConcurrencyConfigs struct{ ProvisionedConcurrencyConfigs []Empty }

// ListProvisionedConcurrencyConfigs lists none, likewise.
//
//	Wire     GET /2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL, 200
//	Proof    TestAccountSettings
func (s *Service) ListProvisionedConcurrencyConfigs(ctx context.Context, in *FunctionIn) (*ProvisionedConcurrencyConfigs, error) {
	if _, _, err := s.find(ctx, in.FunctionName, ""); err != nil {
		return nil, err
	}
	return &ProvisionedConcurrencyConfigs{ProvisionedConcurrencyConfigs: []Empty{}}, nil
}
