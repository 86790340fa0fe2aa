package columnar_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/columnar"
)

var (
	openx = columnar.Input{}
	hive  = columnar.Input{Hive: &columnar.Hive{}}
)

// malformed and broken mark an expected rejection in a table of rules.
const (
	malformed = "!DataFormatConversion.MalformedData "
	broken    = "!DataFormatConversion.ParseError "
)

// rule says what becomes of a record: the rows in readback's words, or a rejection.
type rule struct {
	in     columnar.Input
	spec   string
	record string
	want   string
}

func runRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		var out bytes.Buffer
		w := newWriter(t, &out, r.spec, r.in, columnar.Output{})
		err := w.Add([]byte(r.record))
		got := ""
		var reject *columnar.Reject
		switch {
		case errors.As(err, &reject):
			got = "!" + reject.Code + " " + reject.Message
			if reject.Path != "" {
				got += " @" + reject.Path
			}
		case err != nil:
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		rows := readback(t, out.Bytes())
		if got == "" {
			got = strings.Join(rows, " ")
		} else if len(rows) > 0 {
			t.Errorf("%s: a rejected record left %v", r.record, rows)
		}
		if got != r.want && !(strings.HasPrefix(r.want, broken) && strings.HasPrefix(got, r.want)) {
			t.Errorf("%s %s\n got %s\nwant %s", r.spec, r.record, got, r.want)
		}
	}
}

func TestScalars(t *testing.T) {
	const schema = "Data does not match the schema. "
	runRules(t, []rule{
		{openx, "a double", `{"a":1.5}`, `{"a":1.5}`},
		{openx, "a double", `{"a":40.734695434570313}`, `{"a":40.73469543457031}`},
		{openx, "a double", `{"a":"1.5"}`, `{"a":1.5}`},
		{openx, "a double", `{"a":" -2e3 "}`, `{"a":-2000}`},
		{openx, "a double", `{"a":"NaN"}`, `{"a":NaN}`},
		{openx, "a double", `{"a":-0}`, `{"a":-0}`},
		{openx, "a double", `{"a":null}`, `{"a":null}`},
		{openx, "a double", `{}`, `{"a":null}`},
		{openx, "a double", `{"a":"oops"}`, malformed + schema + `For input string: "oops" @/a`},
		{openx, "a double", `{"a":1e999}`, malformed + schema + `For input string: "1e999" @/a`},
		{openx, "a double", `{"a":true}`, malformed + schema + `java.lang.Boolean cannot be cast to java.lang.Number @/a`},
		{openx, "a double", `{"a":{"b":1}}`, malformed + schema + `org.openx.data.jsonserde.json.JSONObject cannot be cast to java.lang.Number @/a`},
		{openx, "a struct<b:array<double>>", `{"A":{"B~/c":1,"B":[1,"x"]}}`, malformed + schema + `For input string: "x" @/A/B/1`},
		{openx, "a map<string,int>", `{"a":{"K/~":"x"}}`, malformed + schema + `For input string: "x" @/a/K~1~0`},
		{hive, "a boolean", `{"a":"true"}`, malformed + schema + `Current token (VALUE_STRING) not of boolean type @/a`},
		{hive, "a double", `{"a":"1.5"}`, malformed + schema + `Current token (VALUE_STRING) not numeric, can not use numeric value accessors @/a`},
		{openx, "a float", `{"a":3.14159265}`, `{"a":3.1415927}`},
		{openx, "a float", `{"a":"0.1"}`, `{"a":0.1}`},
		{openx, "a float", `{"a":1e39}`, malformed + schema + `For input string: "1e39" @/a`},
		{openx, "a int", `{"a":42}`, `{"a":42}`},
		{openx, "a int", `{"a":-2147483648}`, `{"a":-2147483648}`},
		{openx, "a int", `{"a":2147483648}`, malformed + schema + `For input string: "2147483648" @/a`},
		{openx, "a int", `{"a":3.7}`, `{"a":3}`},
		{openx, "a int", `{"a":1.5e1}`, `{"a":15}`},
		{openx, "a int", `{"a":"0x1F"}`, `{"a":31}`},
		{openx, "a int", `{"a":"3.7"}`, malformed + schema + `For input string: "3.7" @/a`},
		{openx, "a int", `{"a":""}`, malformed + schema + `For input string: "" @/a`},
		{openx, "a tinyint;b smallint", `{"a":-128,"b":32767}`, `{"a":-128,"b":32767}`},
		{openx, "a tinyint", `{"a":128}`, malformed + schema + `For input string: "128" @/a`},
		{openx, "a bigint", `{"a":9223372036854775807}`, `{"a":9223372036854775807}`},
		{openx, "a bigint", `{"a":-9223372036854775808}`, `{"a":-9223372036854775808}`},
		{openx, "a bigint", `{"a":9223372036854775808}`, malformed + schema + `For input string: "9223372036854775808" @/a`},
		{openx, "a bigint", `{"a":1.00000000000000000000000}`, `{"a":1}`},
		{openx, "a boolean", `{"a":true}{"a":false}`, `{"a":true} {"a":false}`},
		{openx, "a boolean", `{"a":"TRUE"}`, `{"a":true}`},
		{openx, "a boolean", `{"a":"yes"}`, malformed + schema + `For input string: "yes" @/a`},
		{openx, "a boolean", `{"a":1}`, malformed + schema + `java.lang.Number cannot be cast to java.lang.Boolean @/a`},
		{openx, "a string", `{"a":"x"}`, `{"a":"x"}`},
		{openx, "a string", `{"a":12}{"a":1.10}{"a":true}`, `{"a":"12"} {"a":"1.10"} {"a":"true"}`},
		{openx, "a string", `{"a":"\u00e9\n\"\\\/\ud83d\ude00\ud83d"}`, "{\"a\":\"é\\n\\\"\\\\/😀\uFFFD\"}"},
		{openx, "a string", "{\"a\":\"caf\xe9\"}", "{\"a\":\"caf\uFFFD\"}"},
		{openx, "a string", `{"a":{"B":[1, {"C d":"X"}] , "e":null}}`, `{"a":"{\"b\":[1,{\"c d\":\"X\"}],\"e\":null}"}`},
		{openx, "a string", `{"a":{"\u00c9\"":1}}`, `{"a":"{\"é\\\"\":1}"}`},
		{openx, "a string", `{"a":[ ]}`, `{"a":"[]"}`},
		{hive, "a string", `{"a":{"b":1}}`, malformed + `One or more fields have incorrect format. Exception when validating field (root) @/a`},
		{openx, "a varchar(3);b char(4)", `{"a":"größe","b":"x  y  z"}`, `{"a":"grö","b":"x  y"}`},
		{openx, "a char(4)", `{"a":"x   "}`, `{"a":"x"}`},
		{openx, "a binary", `{"a":"aGk="}`, `{"a":base64:aGk=}`},
		{openx, "a binary", `{"a":"h"}`, malformed + schema + `For input string: "h" @/a`},
		{openx, "a date", `{"a":"2016-2-9"}{"a":"1969-12-31"}{"a":"2015-02-31"}`, `{"a":2016-02-09} {"a":1969-12-31} {"a":2015-03-03}`},
		{openx, "a date", `{"a":"2016-13-01"}`, malformed + schema + `For input string: "2016-13-01" @/a`},
		{openx, "a decimal(10,2)", `{"a":12.345}{"a":"-0.005"}{"a":1e3}{"a":".5"}`, `{"a":12.35} {"a":-0.01} {"a":1000.00} {"a":0.50}`},
		{openx, "a decimal(38,0)", `{"a":-99999999999999999999999999999999999999}`, `{"a":-99999999999999999999999999999999999999}`},
		{openx, "a decimal(4,1)", `{"a":999.95}`, malformed + schema + `For input string: "999.95" (not a decimal(4,1)) @/a`},
		{openx, "a decimal", `{"a":"1234567890.4"}`, `{"a":1234567890}`},
		{hive, "a decimal(5,2)", `{"a":"1.25"}`, `{"a":1.25}`},
	})
}

func TestContainers(t *testing.T) {
	const schema = "Data does not match the schema. "
	runRules(t, []rule{
		{openx, "a array<int>", `{"a":[1,null,3]}`, `{"a":[1,null,3]}`},
		{openx, "a array<int>", `{"a":[]}{"a":null}{}`, `{"a":[]} {"a":null} {"a":null}`},
		{openx, "a array<int>", `{"a":7}`, `{"a":[7]}`},
		{openx, "a array<struct<x:int>>", `{"a":{"x":7}}`, `{"a":[{"x":7}]}`},
		{openx, "a array<array<string>>", `{"a":[["b"],[],null,["c","d"]]}`, `{"a":[["b"],[],null,["c","d"]]}`},
		{openx, "a array<int>", `{"a":[1,"x"]}`, malformed + schema + `For input string: "x" @/a/1`},
		{hive, "a array<int>", `{"a":7}`, malformed + schema + `java.io.IOException: Start of Array expected @/a`},
		{openx, "a struct<x:int,y:string>", `{"a":{"Y":"b","z":1,"X":2}}`, `{"a":{"x":2,"y":"b"}}`},
		{openx, "a struct<x:int,y:string>", `{"a":[1,"b",3]}`, `{"a":{"x":1,"y":"b"}}`},
		{openx, "a struct<x:int,y:string>", `{"a":[1]}`, `{"a":{"x":1,"y":null}}`},
		{openx, "a struct<x:int,y:string>", `{"a":{}}{"a":null}`, `{"a":{"x":null,"y":null}} {"a":null}`},
		{openx, "a struct<x:int>", `{"a":42}`, malformed + schema + `Data is not JSONObject  but java.lang.Long with value 42 @/a`},
		{openx, "a struct<x:int>", `{"a":"s"}`, malformed + schema + `Data is not JSONObject  but java.lang.String with value s @/a`},
		{openx, "a struct<x:int>", `{"a":4.5}`, malformed + schema + `Data is not JSONObject  but java.lang.Double with value 4.5 @/a`},
		{hive, "a struct<x:int>", `{"a":[1]}`, malformed + schema + `java.io.IOException: Start of Object expected @/a`},
		{openx, "a struct<b:struct<c:array<struct<d:int>>>>", `{"a":{"b":{"c":[{"d":1},{},null]}}}`, `{"a":{"b":{"c":[{"d":1},{"d":null},null]}}}`},
		{openx, "a map<string,int>", `{"a":{"K":1,"l":null}}`, `{"a":<"k":1,"l":null>}`},
		{openx, "a map<string,int>", `{"a":{}}{"a":null}`, `{"a":<>} {"a":null}`},
		{openx, "a map<string,int>", `{"a":{"k":1,"K":2,"k":3}}`, `{"a":<"k":3>}`},
		{openx, "a map<int,array<int>>", `{"a":{"1":[1,2],"2":[],"3":null}}`, `{"a":<1:[1,2],2:[],3:null>}`},
		{openx, "a map<int,string>", `{"a":{"x":"y"}}`, malformed + schema + `For input string: "x" @/a/x`},
		{openx, "a map<string,map<string,int>>", `{"a":{"b":{"c":1,"c":2},"b":{"d":3}}}`, `{"a":<"b":<"d":3>>}`},
		{openx, "a map<string,int>", `{"a":[1]}`, malformed + schema + `Data is not JSONObject  but org.openx.data.jsonserde.json.JSONArray with value [1] @/a`},
		{hive, "a map<string,int>", `{"a":1}`, malformed + schema + `java.io.IOException: Start of Object expected @/a`},
	})
}

func TestDocuments(t *testing.T) {
	runRules(t, []rule{
		{openx, "a int", `{"a":1}{"a":2}`, `{"a":1} {"a":2}`},
		{openx, "a int", " {\"a\" : 1 }\r\n\t{ \"a\":2}\n", `{"a":1} {"a":2}`},
		{openx, "a int", ``, malformed + `The record was empty or contained only whitespace.`},
		{openx, "a int", " \n", malformed + `The record was empty or contained only whitespace.`},
		{openx, "a int", `42`, malformed + `The input JSON contained a primitive at the top level. The top level must be an object or array.`},
		{openx, "a int", `{"a":1} "x"`, malformed + `The input JSON contained a primitive at the top level. The top level must be an object or array.`},
		{openx, "a int", `[{"a":1}]`, malformed + `Data does not match the schema. The input JSON contained an array at the top level. A record must hold JSON objects.`},
		{openx, "a int", `{"a":1}{"a":"x"}`, malformed + `Data does not match the schema. For input string: "x" @/a`},
		{openx, "a int", `{"a":"x"} {`, broken},
		{openx, "a int", `{"a":1},{"a":2}`, broken},
		{openx, "a int", `hello`, broken + `Encountered malformed JSON. Unexpected character ('h' (code 104)): expected a JSON value at line: 1, column: 1`},
		{openx, "a int", "{\"a\":1\n", broken + `Encountered malformed JSON. Unexpected end-of-input: the record ends inside an object or array at line: 2, column: 1`},
		{openx, "a int", `{"a":01}`, broken},
		{openx, "a int", `{"a":1,}`, broken},
		{openx, "a int", `{'a':1}`, broken},
		{openx, "a int", `{"z":"\x"}`, broken},
		{openx, "a int", "{\"z\":\"tab\there\"}", broken},
		{openx, "a int", `{"z":[1,2}}`, broken},
		{openx, "a int", `{"z":tru}`, broken},
		{openx, "a int", `{"z":truex}`, broken},
		{openx, "a int", `{"z":1.}`, broken},
		{openx, "a int", `{"z":-}`, broken},
		{openx, "a int", `{"z":1e}`, broken},
		{openx, "a int", `{"z":{"y":[1,{"x":"\u00e9]}"}]},"a":1}`, `{"a":1}`},
		{openx, "a int", `{"a":1,"a":2}`, `{"a":2}`},
		{openx, "a int", `{"a":"bad","A":2}`, `{"a":2}`},
		{openx, "a struct<x:int,y:int>", `{"a":{"x":1,"y":2,"x":3}}`, `{"a":{"x":3,"y":2}}`},
	})
}

func TestKeys(t *testing.T) {
	exact := columnar.Input{OpenX: &columnar.OpenX{CaseSensitive: true}}
	dots := columnar.Input{OpenX: &columnar.OpenX{DotsToUnderscores: true}}
	mapped := columnar.Input{OpenX: &columnar.OpenX{ColumnToKeyMapping: map[string]string{"ts": "TimeStamp"}}}
	runRules(t, []rule{
		{openx, "Trip_ID int", `{"TRIP_id":1}`, `{"trip_id":1}`},
		{openx, "a int", `{"\u0041":1}`, `{"a":1}`},
		{openx, "a.b int", `{"a.b":1}`, `{"a.b":1}`},
		{exact, "a int", `{"A":1}{"a":2}`, `{"a":null} {"a":2}`},
		{exact, "a string", `{"a":{"B":1}}`, `{"a":"{\"B\":1}"}`},
		{exact, "a map<string,int>", `{"a":{"B":1,"b":2}}`, `{"a":<"B":1,"b":2>}`},
		{dots, "a_b int", `{"a.b":1}`, `{"a_b":1}`},
		{dots, "a struct<b_c:int>", `{"a":{"b.C":1}}`, `{"a":{"b_c":1}}`},
		{openx, "a_b int", `{"a.b":1}`, `{"a_b":null}`},
		{mapped, "ts int", `{"timestamp":1}{"ts":2}`, `{"ts":1} {"ts":null}`},
	})
}

func TestTimestamps(t *testing.T) {
	millis := columnar.Input{Hive: &columnar.Hive{TimestampFormats: []string{"millis"}}}
	joda := columnar.Input{Hive: &columnar.Hive{TimestampFormats: []string{"yyyy-MM-dd'T'HH:mm:ss.SSSZ", "d MMM yy h:mm a", "yyyyMMddHHmmss"}}}
	bad := func(text string) string {
		return malformed + `Data does not match the schema. For input string: "` + text + `" @/t`
	}
	rules := []rule{
		{hive, "", `"2016-01-01 00:00:01.5"`, `2016-01-01T00:00:01.5`},
		{hive, "", `1451606400`, bad("1451606400")},
		{hive, "", `"1451606400"`, bad("1451606400")},
		{millis, "", `1451606400123`, `2016-01-01T00:00:00.123`},
		{millis, "", `"-1"`, `1969-12-31T23:59:59.999`},
		{millis, "", `"2016-1-2 3:4:5"`, `2016-01-02T03:04:05`},
		{joda, "", `"2016-01-01T00:00:00.123+0130"`, `2015-12-31T22:30:00.123`},
		{joda, "", `"2016-01-01T00:00:00.123+01:30"`, `2015-12-31T22:30:00.123`},
		{joda, "", `"3 feb 16 1:05 PM"`, `2016-02-03T13:05:00`},
		{joda, "", `"20160203040506"`, `2016-02-03T04:05:06`},
		{joda, "", `"20160230040506"`, bad("20160230040506")},
		{joda, "", `"2016-01-01 00:00:00"`, `2016-01-01T00:00:00`},
	}
	for in, want := range map[string]string{
		`"2016-01-01T00:00:00.000Z"`:       `2016-01-01T00:00:00`,
		`"2016-01-01T23:59:59Z"`:           `2016-01-01T23:59:59`,
		`"2016-01-01T00:00:00.123456789Z"`: `2016-01-01T00:00:00.123456789`,
		`"2016-01-01T00:00:00.1Z"`:         `2016-01-01T00:00:00.1`,
		`"1969-12-31T23:59:59.999Z"`:       `1969-12-31T23:59:59.999`,
		`"2016-01-01T00:00:00+00:00"`:      bad("2016-01-01T00:00:00+00:00"),
		`"2016-01-01T0:00:00Z"`:            bad("2016-01-01T0:00:00Z"),
		`"2016-02-30T00:00:00Z"`:           bad("2016-02-30T00:00:00Z"),
		`"2016-01-01T24:00:00.000Z"`:       bad("2016-01-01T24:00:00.000Z"),
		`"2016-01-01 00:00:00"`:            `2016-01-01T00:00:00`,
		`"2016-1-2 3:4:5.25"`:              `2016-01-02T03:04:05.25`,
		`"2016-02-29 12:00:00"`:            `2016-02-29T12:00:00`,
		`"2016-01-01 25:00:00"`:            `2016-01-02T01:00:00`,
		`"2016-01-01"`:                     bad("2016-01-01"),
		`"2016-01-01 00:00"`:               bad("2016-01-01 00:00"),
		`"2016-01-01 00:00:00.1234567890"`: bad("2016-01-01 00:00:00.1234567890"),
		`"yesterday"`:                      bad("yesterday"),
		`1451606400`:                       `2016-01-01T00:00:00`,
		`1451606400.5`:                     `2016-01-01T00:00:00.5`,
		`1451606400.123456789`:             `2016-01-01T00:00:00.123456789`,
		`1451606400123`:                    `2016-01-01T00:00:00.123`,
		`1451606400123.5`:                  `2016-01-01T00:00:00.1235`,
		`1.4516064e9`:                      `2016-01-01T00:00:00`,
		`"1451606400"`:                     `2016-01-01T00:00:00`,
		`"1451606400123"`:                  `2016-01-01T00:00:00.123`,
		`-1`:                               `1969-12-31T23:59:59`,
		`-0.25`:                            `1969-12-31T23:59:59.75`,
		`0`:                                `1970-01-01T00:00:00`,
		`999999999999`:                     `33658-09-27T01:46:39`,
		`1000000000000`:                    `2001-09-09T01:46:40`,
		`1e25`:                             bad("1e25"),
		`null`:                             `null`,
	} {
		rules = append(rules, rule{openx, "", in, want})
	}
	for i := range rules {
		r := &rules[i]
		r.spec, r.record = "t timestamp", `{"t":`+r.record+`}`
		if r.want[0] != '!' {
			r.want = `{"t":` + r.want + `}`
		}
	}
	runRules(t, rules)
}

func TestSchemaErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"a foo":                        `columnar: column 1 "a": type "foo": unknown type "foo" at position 0`,
		"a int; b array<int":           `columnar: column 2 "b": type "array<int": expected '>' but the type ends at position 9`,
		"a struct<x:int,x:int>":        `columnar: column 1 "a": type "struct<x:int,x:int>": member "x" is declared twice at position 13`,
		"a decimal(39,2)":              `columnar: column 1 "a": type "decimal(39,2)": precision must be a number between 1 and 38 at position 8`,
		"a map<array<int>,int>":        `columnar: column 1 "a": type "map<array<int>,int>": the key of a map must be a primitive type at position 4`,
		"a int; A string":              `columnar: column 2: "A" is declared twice`,
		"a uniontype<int,string>":      `columnar: column 1 "a": type "uniontype<int,string>": unknown type "uniontype" at position 0`,
		"a ":                           `columnar: column 1 "a": type "": expected a type at position 0`,
		"a varchar(0)":                 `columnar: column 1 "a": type "varchar(0)": length must be a number between 1 and 65535 at position 8`,
		"a struct<x:int,y:struct<z:>>": `columnar: column 1 "a": type "struct<x:int,y:struct<z:>>": expected a type at position 24`,
	} {
		if _, err := columnar.NewSchema(columns(spec)); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", spec, err, want)
		}
	}
	if _, err := columnar.NewSchema(nil); err == nil {
		t.Error("a schema without columns was accepted")
	}
}

func TestOptionErrors(t *testing.T) {
	schema, err := columnar.NewSchema(columns("a int"))
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []columnar.Input{
		{Hive: &columnar.Hive{TimestampFormats: []string{"yyyy-qq"}}},
		{Hive: &columnar.Hive{}, OpenX: &columnar.OpenX{}},
	} {
		if _, err := columnar.NewWriter(&bytes.Buffer{}, schema, in, columnar.Output{}); err == nil {
			t.Errorf("%+v was accepted", in)
		}
	}
	err = (&columnar.Hive{TimestampFormats: []string{"millis", "yyyy-qq"}}).Check()
	if want := "One or more SerDe options are invalid for org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: millis,yyyy-qq]"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := (&columnar.Hive{TimestampFormats: []string{"millis", "yyyy-MM-dd'T'HH:mm"}}).Check(); err != nil {
		t.Error(err)
	}
	for _, out := range []columnar.Output{{Compression: "LZO"}, {WriterVersion: "V3"}} {
		if _, err := columnar.NewWriter(&bytes.Buffer{}, schema, openx, out); err == nil {
			t.Errorf("%+v was accepted", out)
		}
	}
}
