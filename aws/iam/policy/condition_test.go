package policy

import "testing"

func TestConditions(t *testing.T) {
	ctx := Context{}
	ctx.Set("aws:username", "ann")
	ctx.Set("aws:PrincipalArn", ann)
	ctx.Set("aws:SourceIp", "203.0.113.7")
	ctx.Set("aws:SecureTransport", "false")
	ctx.Set("aws:CurrentTime", "2026-03-01T12:00:00Z")
	ctx.Set("aws:EpochTime", "1772366400")
	ctx.Set("s3:max-keys", "10")
	ctx.Set("s3:prefix", "home/ann/x")
	ctx.Set("aws:TagKeys", "team", "cost")
	ctx.Set("aws:PrincipalTag/team", "taxi")
	ctx.Set("x:bytes", "aGVsbG8=")
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{"StringEquals":{"aws:username":"ann"}}`, true},
		{`{"StringEquals":{"AWS:UserName":"ann"}}`, true},
		{`{"StringEquals":{"aws:username":"Ann"}}`, false},
		{`{"StringEquals":{"aws:username":["bob","ann"]}}`, true},
		{`{"StringEquals":{"aws:username":"a*"}}`, false},
		{`{"StringEquals":{"aws:missing":"ann"}}`, false},
		{`{"StringEqualsIfExists":{"aws:missing":"ann"}}`, true},
		{`{"StringEqualsIfExists":{"aws:username":"bob"}}`, false},
		{`{"StringNotEquals":{"aws:username":"bob"}}`, true},
		{`{"StringNotEquals":{"aws:username":["bob","ann"]}}`, false},
		{`{"StringNotEquals":{"aws:missing":"bob"}}`, true},
		{`{"StringEqualsIgnoreCase":{"aws:username":"ANN"}}`, true},
		{`{"StringNotEqualsIgnoreCase":{"aws:username":"ANN"}}`, false},
		{`{"StringLike":{"s3:prefix":"home/${aws:username}/*"}}`, true},
		{`{"StringLike":{"s3:prefix":"home/${aws:missing}/*"}}`, false},
		{`{"StringLike":{"s3:prefix":"home/???/x"}}`, true},
		{`{"StringNotLike":{"s3:prefix":"home/bob/*"}}`, true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"taxi"}}`, true},
		{`{"StringEquals":{"aws:username":"ann"},"StringLike":{"s3:prefix":"none*"}}`, false},
		{`{"StringEquals":{"aws:username":"ann","s3:prefix":"none"}}`, false},
		{`{"NumericLessThan":{"s3:max-keys":"11"}}`, true},
		{`{"NumericLessThan":{"s3:max-keys":10}}`, false},
		{`{"NumericLessThanEquals":{"s3:max-keys":10}}`, true},
		{`{"NumericGreaterThan":{"s3:max-keys":9.5}}`, true},
		{`{"NumericGreaterThanEquals":{"s3:max-keys":"10.5"}}`, false},
		{`{"NumericEquals":{"s3:max-keys":"10.0"}}`, true},
		{`{"NumericNotEquals":{"s3:max-keys":"10"}}`, false},
		{`{"NumericEquals":{"s3:prefix":"10"}}`, false},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-03-02T00:00:00Z"}}`, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-03-02"}}`, false},
		{`{"DateGreaterThanEquals":{"aws:EpochTime":"1772366400"}}`, true},
		{`{"DateLessThanEquals":{"aws:CurrentTime":"2026-03-01T12:00:00+00:00"}}`, true},
		{`{"DateEquals":{"aws:CurrentTime":"2026-03-01T13:00:00+01:00"}}`, true},
		{`{"DateNotEquals":{"aws:CurrentTime":"2026"}}`, true},
		{`{"Bool":{"aws:SecureTransport":"false"}}`, true},
		{`{"Bool":{"aws:SecureTransport":true}}`, false},
		{`{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`, false},
		{`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, true},
		{`{"BinaryEquals":{"x:bytes":"aGVsbG8="}}`, true},
		{`{"BinaryEquals":{"x:bytes":"aGVsbG9v"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.7"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, true},
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/a??"}}`, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}`, false},
		{`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}`, true},
		{`{"ArnNotEquals":{"aws:PrincipalArn":"` + ann + `"}}`, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:user/${aws:username}"}}`, true},
		{`{"Null":{"aws:TokenIssueTime":"true"}}`, true},
		{`{"Null":{"aws:username":"true"}}`, false},
		{`{"Null":{"aws:username":false}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","more"]}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`, false},
		{`{"ForAllValues:StringEquals":{"aws:missing":["team"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":["else"]}}`, false},
		{`{"ForAnyValue:StringEquals":{"aws:missing":["team"]}}`, false},
		{`{"ForAnyValue:StringLike":{"aws:TagKeys":"t*"}}`, true},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["else"]}}`, true},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["cost"]}}`, false},
		{`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["cost"]}}`, true},
		{`{"ForAnyValue:StringEqualsIfExists":{"aws:missing":["cost"]}}`, true},
		{`{}`, true},
	} {
		d := parse(t, Identity, doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+c.condition+`}`))
		got := Evaluate(&Request{Principal: annCalls, Action: "s3:ListBucket", Resource: "*", Context: ctx}, Policies{Identity: []*Document{d}})
		if (got.Effect == Allow) != c.want {
			t.Errorf("%s: %v", c.condition, got.Effect)
		}
	}
}
