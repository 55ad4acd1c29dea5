package scimlet

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestValuesComeBackAsTheyWent(t *testing.T) {
	for text, value := range map[string]any{
		`"null"`:                            nil,
		`{"integer":-9007199254740992}`:     int64(-1 << 53),
		`{"integer":"9007199254740993"}`:    int64(1<<53 + 1),
		`{"integer":"9223372036854775807"}`: int64(math.MaxInt64),
		`{"real":0.5}`:                      0.5,
		`{"text":"a%b ñ"}`:                  "a%b ñ",
		`{"text":"{\":\"}}"}`:               `{":"}}`,
		`{"blob":"AAH/"}`:                   []byte{0, 1, 255},
		`{"boolean":true}`:                  true,
	} {
		var read parameter
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read.value, value) {
			t.Errorf("%s is read as %v", text, read.value)
		}
		written, err := appendValue(nil, value)
		if err != nil || string(written) != text {
			t.Errorf("%v is written as %s, %v", value, written, err)
		}
	}
}

func TestWhatIsNoValueIsRefused(t *testing.T) {
	for _, text := range []string{
		`{}`, `5`, `"real"`, `{"integer":"a"}`, `{"blob":"!"}`, `{"integer":1.5}`, `{"text":null}`,
	} {
		if json.Unmarshal([]byte(text), new(parameter)) == nil {
			t.Errorf("%s is read", text)
		}
	}
	for _, value := range []any{math.NaN(), math.Inf(1), int32(5)} {
		if written, err := appendValue(nil, value); err == nil {
			t.Errorf("%v is written as %s", value, written)
		}
	}
}
