package access

import "strings"

var iamRules = func() map[string]rule {
	m := map[string]rule{}
	each(m, rule{on: one(roleARN), keys: attached},
		"CreateRole", "GetRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "DeleteRole", "TagRole",
		"UntagRole", "ListRoleTags", "PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "DeleteRolePolicy",
		"AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies", "PutRolePermissionsBoundary",
		"DeleteRolePermissionsBoundary", "ListInstanceProfilesForRole")
	each(m, rule{on: one(userARN), keys: attached},
		"CreateUser", "GetUser", "UpdateUser", "DeleteUser", "TagUser", "UntagUser", "ListUserTags", "PutUserPolicy",
		"GetUserPolicy", "ListUserPolicies", "DeleteUserPolicy", "AttachUserPolicy", "DetachUserPolicy",
		"ListAttachedUserPolicies", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary", "CreateAccessKey",
		"ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey")
	m["CreatePolicy"] = rule{on: one(func(x *input) string {
		return "arn:aws:iam::" + x.scope.Account + ":policy" + pathOf(x) + x.text("PolicyName")
	})}
	each(m, rule{on: one(func(x *input) string { return x.text("PolicyArn") })},
		"GetPolicy", "DeletePolicy", "CreatePolicyVersion", "GetPolicyVersion", "ListPolicyVersions", "SetDefaultPolicyVersion",
		"DeletePolicyVersion", "ListEntitiesForPolicy", "TagPolicy", "UntagPolicy", "ListPolicyTags")
	each(m, rule{on: listed("role")}, "ListRoles")
	each(m, rule{on: listed("user")}, "ListUsers")
	each(m, rule{}, "ListPolicies", "GetAccessKeyLastUsed")
	return m
}()

func pathOf(x *input) string {
	if p := x.text("Path"); p != "" {
		return p
	}
	return "/"
}

func roleARN(x *input) string {
	name := x.text("RoleName")
	if x.look.RoleARN != nil {
		if arn := x.look.RoleARN(x.scope.Account, name); arn != "" {
			return arn
		}
	}
	return "arn:aws:iam::" + x.scope.Account + ":role" + pathOf(x) + name
}

// userARN is the user that is named, or the one who calls.
func userARN(x *input) string {
	name := x.text("UserName")
	if name == "" {
		return x.look.Caller
	}
	if x.look.UserARN != nil {
		if arn := x.look.UserARN(x.scope.Account, name); arn != "" {
			return arn
		}
	}
	return "arn:aws:iam::" + x.scope.Account + ":user" + pathOf(x) + name
}

// listed is the path below which a list looks.
func listed(kind string) func(*input) []string {
	return one(func(x *input) string {
		return "arn:aws:iam::" + x.scope.Account + ":" + kind + "/" + strings.TrimPrefix(x.text("PathPrefix"), "/")
	})
}

// attached are the keys by which policies bound what may be attached.
func attached(x *input) map[string][]string {
	keys := map[string][]string{}
	if arn := x.text("PolicyArn"); arn != "" {
		keys["iam:PolicyARN"] = []string{arn}
	}
	if arn := x.text("PermissionsBoundary"); arn != "" {
		keys["iam:PermissionsBoundary"] = []string{arn}
	}
	return keys
}

var stsRules = func() map[string]rule {
	m := map[string]rule{}
	// AssumeRole asks the trust policy too, so it decides itself; the others need no leave.
	each(m, rule{free: true}, "AssumeRole", "GetCallerIdentity", "GetSessionToken")
	each(m, rule{}, "GetAccessKeyInfo")
	return m
}()
