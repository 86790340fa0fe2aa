package template_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

// with is a template whose resource X has the property V.
func with(v string) string {
	return `
Transform: AWS::LanguageExtensions
Parameters:
  Name: {Type: String, Default: trips}
  List: {Type: CommaDelimitedList, Default: "a, b,c"}
  Count: {Type: Number, Default: 2}
Mappings:
  M: {us-east-1: {size: big, list: [1, 2]}}
Conditions:
  Yes: !Equals [!Ref Name, trips]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Not [!Condition No]]
  Either: !Or [!Condition No, !Condition Both]
Resources:
  Other: {Type: T::T}
  X:
    Type: T::T
    Properties:
      V: ` + v + "\n"
}

func world() template.World {
	return template.World{
		Account: "111122223333", Region: "us-east-1", StackName: "s", StackID: "arn:s", NotificationARNs: []string{"n"},
		Ref:    func(r string) (any, error) { return "id-" + r, nil },
		GetAtt: func(r, a string) (any, error) { return r + "/" + a, nil },
		Import: func(n string) (any, error) { return "imported " + n, nil },
	}
}

// property works out V of X.
func property(body string) (any, error) {
	t, err := template.Parse(body)
	if err != nil {
		return nil, err
	}
	env, err := t.Bind(nil, world())
	if err != nil {
		return nil, err
	}
	r, _ := t.Resource("X")
	p, err := env.Properties(r)
	return p["V"], err
}

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"!Ref Name", `"trips"`},
		{"!Ref Other", `"id-Other"`},
		{"!Ref List", `["a","b","c"]`},
		{"!Ref AWS::AccountId", `"111122223333"`},
		{"!Ref AWS::NotificationARNs", `["n"]`},
		{"!GetAtt Other.A.B", `"Other/A.B"`},
		{"{'Fn::GetAtt': [Other, A]}", `"Other/A"`},
		{"!Sub '${Name}-${Other.Arn}-${AWS::Region}-${!Literal}-$x-${'", `"trips-Other/Arn-us-east-1-${Literal}-$x-${"`},
		{"!Sub ['${a}${Name}', {a: !Ref Count}]", `"2trips"`},
		{"!Join ['-', [a, !Ref Name, 7, true]]", `"a-trips-7-true"`},
		{"!Join [',', !Ref List]", `"a,b,c"`},
		{"!Select [1, !Ref List]", `"b"`},
		{"!Select ['0', !Split [':', 'x:y']]", `"x"`},
		{"!If [Yes, 1, 2]", `1`},
		{"!If [No, 1, !Ref AWS::NoValue]", `null`},
		{"[a, !If [No, b, !Ref AWS::NoValue], c]", `["a","c"]`},
		{"{a: 1, b: !If [Yes, !Ref AWS::NoValue, 2]}", `{"a":1}`},
		{"!If [Either, both, none]", `"both"`},
		{"!FindInMap [M, !Ref AWS::Region, size]", `"big"`},
		{"!FindInMap [M, nowhere, size, {DefaultValue: none}]", `"none"`},
		{"!ImportValue [x]", `error: Template error: the attribute in Fn::ImportValue must be a string or a function that returns a string`},
		{"!ImportValue {'Fn::Sub': '${Name}-x'}", `"imported trips-x"`},
		{"!Base64 hi", `"aGk="`},
		{"!Cidr [10.0.0.0/16, 2, 8]", `["10.0.0.0/24","10.0.1.0/24"]`},
		{"!GetAZs ''", `["us-east-1a","us-east-1b","us-east-1c"]`},
		{"!Length [a, b]", `2`},
		{"!ToJsonString {b: 1, a: '<x>'}", `"{\"a\":\"<x>\",\"b\":1}"`},
		{"2012-10-17", `"2012-10-17"`}, // a date stays text
		{"007", `"007"`},
		{"1e3", `1e3`},
		{"0x10", `"0x10"`},
		{"!FindInMap [M, K1, K2]", "error: Template error: Unable to get mapping for M::K1::K2"},
		{"!Select [9, !Ref List]", "error: Template error: Fn::Select cannot select nonexistent value at index 9"},
		{"!Ref Nothing", "error: Template format error: Unresolved resource dependencies [Nothing] in the Resources block of the template"},
		{"!If [Nope, 1, 2]", "error: Template format error: Unresolved condition dependency Nope in the Resources block of the template"},
		{"!Join [!Ref Name, [a]]", "error: Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."},
		{"!Frobnicate x", "error: Template format error: unknown YAML tag !Frobnicate."},
		{"null", "error: Template format error: [/Resources/X/Properties/V] 'null' values are not allowed in templates"},
		{"!Ref X", "error: Circular dependency between resources: [X]"},
	} {
		v, err := property(with(c.in))
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			var s strings.Builder
			enc := json.NewEncoder(&s)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(v)
			got = strings.TrimSpace(s.String())
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestUnknownSpreads(t *testing.T) {
	tpl, err := template.Parse(with("!Sub '${Name}-${Other}'"))
	if err != nil {
		t.Fatal(err)
	}
	w := world()
	w.Ref = func(string) (any, error) { return template.Unknown, nil }
	env, err := tpl.Bind(nil, w)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := tpl.Resource("X")
	p, err := env.Properties(r)
	if err != nil || p["V"] != template.Unknown {
		t.Errorf("%v, %v", p, err)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{}`, "Template format error: At least one Resources member must be defined."},
		{`Resources: {}`, "Template format error: At least one Resources member must be defined."},
		{`hello`, "Template format error: unsupported structure."},
		{``, "Template format error: unsupported structure."},
		{`{"Resources": {"A": {"Type": "T::T"},}}`, "Template format error: JSON not well-formed. (line 1, column 38)"},
		{"Resources:\n  A: [", "Template format error: YAML not well-formed. (line 2)"},
		{"a: &x 1\nb: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"},
		{`Resources: {A: {}}`, "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
		{`Resources: {A: x}`, "Template format error: Any Resources member must be an object."},
		{`Resources: {A: {Type: T::T, Foo: 1}}`, "Invalid template resource property 'Foo'"},
		{`Resources: {A: {Type: T::T, DependsOn: Z}}`, "Template format error: Unresolved resource dependencies [Z] in the Resources block of the template"},
		{"Resources: {A: {Type: T::T}}\nOutputs: {O: {Value: !Ref Z}}", "Template format error: Unresolved resource dependencies [Z] in the Outputs block of the template"},
		{"Resources: {A: {Type: T::T}}\nOutputs: {O: {Description: x}}", "Template format error: Every Outputs member must contain a Value object"},
		{"Resources: {A: {Type: T::T}}\nOutputs: {O: {Value: null}}", "Template format error: [/Outputs/O/Value] 'null' values are not allowed in templates"},
		{"Resources: {A: {Type: T::T}}\nStuff: {}", "Invalid template property or properties [Stuff]"},
		{"Resources: {A: {Type: T::T, Properties: {P: [{Q: 'a-{{resolve:ssm:b:1}}'}]}}}", "Template format error: [/Resources/A/Properties] dynamic references ({{resolve:...}}) are not available in hydrant."},
		{"Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: T::T}}", "No transform named AWS::Serverless-2016-10-31 found."},
		{"Resources:\n  A: {Type: T::T, DependsOn: B}\n  B: {Type: T::T, Properties: {P: !Ref C}}\n  C: {Type: T::T, Properties: {P: !Sub '${A}'}}\n  D: {Type: T::T, DependsOn: A}", "Circular dependency between resources: [A, B, C]"},
		{"Conditions: {C: !Equals [1]}\nResources: {A: {Type: T::T}}", "Template error: every Fn::Equals object requires a list of 2 string parameters."},
		{"Conditions: {C: !Equals [!Ref A, 1]}\nResources: {A: {Type: T::T}}", "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template"},
	} {
		tpl, err := template.Parse(c.body)
		if err == nil {
			_, err = tpl.Bind(nil, world())
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.body, err, c.want)
		}
	}
}

func TestParameters(t *testing.T) {
	const body = `
Parameters:
  Kind: {Type: String, Default: Standard, AllowedValues: [Standard, EFO]}
  Name: {Type: String, Default: abc, AllowedPattern: "[a-z]+", MinLength: 2, MaxLength: 4}
  Count: {Type: Number, Default: 1, MinValue: 1, MaxValue: 10}
  Said: {Type: String, Default: x, AllowedPattern: "x", ConstraintDescription: only x will do}
  Sizes: {Type: List<Number>, Default: "1,2"}
Resources: {A: {Type: T::T}}
`
	tpl, err := template.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, value, want string }{
		{"Kind", "EFO", ""},
		{"Kind", "Other", "Parameter 'Kind' must be one of AllowedValues"},
		{"Name", "a", "Parameter 'Name' must contain at least 2 characters"},
		{"Name", "abcde", "Parameter 'Name' must contain at most 4 characters"},
		{"Name", "ABC", "Parameter 'Name' must match pattern [a-z]+"},
		{"Count", "x", "Parameter 'Count' must be a number"},
		{"Count", "0", "Parameter 'Count' must be a number not less than 1"},
		{"Count", "10.5", "Parameter 'Count' must be a number not greater than 10"},
		{"Said", "y", "Parameter 'Said' failed to satisfy constraint: only x will do"},
		{"Sizes", "1,b", "Parameter 'Sizes' must be a number"},
		{"Nope", "1", "Parameters: [Nope] do not exist in the template"},
	} {
		_, err := tpl.Values(map[string]string{c.name: c.value})
		if got := ""; err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%s=%s: got %q, want %q", c.name, c.value, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%s=%s was taken, want %q", c.name, c.value, c.want)
		}
	}
}

// Both spellings of a template are one template.
func TestJSONAndYAML(t *testing.T) {
	yaml, err := template.Parse("Resources:\n  B: {Type: T::T, Properties: {N: 1.50, T: true, S: !Sub '${A}'}}\n  A: {Type: T::T, DeletionPolicy: Retain}\n")
	if err != nil {
		t.Fatal(err)
	}
	js, err := template.Parse(`{"Resources": {"B": {"Type": "T::T", "Properties": {"N": 1.50, "T": true, "S": {"Fn::Sub": "${A}"}}}, "A": {"Type": "T::T", "DeletionPolicy": "Retain"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(js, yaml); d != "" {
		t.Error(d)
	}
	env, err := yaml.Bind(nil, world())
	if err != nil {
		t.Fatal(err)
	}
	steps, err := env.Order()
	if err != nil || len(steps) != 2 || steps[0].Name != "A" || steps[1].After[0] != "A" {
		t.Errorf("order %v, %v", steps, err)
	}
}

// FuzzTemplate: whatever the text, parsing and working it out end without a panic, and every mistake
// is one a client may see.
func FuzzTemplate(f *testing.F) {
	f.Add(with("!Sub '${Name}'"))
	f.Add(`{"Resources": {"A": {"Type": "T::T", "Properties": {"P": {"Fn::GetAtt": ["A", {"Ref": "A"}]}}}}}`)
	if b, err := os.ReadFile("../../../examples/taxi/pipeline.yaml"); err == nil {
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, body string) {
		tpl, err := template.Parse(body)
		if err != nil {
			return
		}
		env, err := tpl.Bind(nil, world())
		if err != nil {
			return
		}
		for _, r := range env.Resources() {
			_, _ = env.Properties(&r)
		}
		for _, o := range env.Outputs() {
			_, _ = env.Resolve(o.Value)
		}
	})
}
