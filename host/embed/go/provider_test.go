package scimlet

import (
	"errors"
	"testing"
)

func TestATextThatIsNotUTF8IsRefusedWhereverItIs(t *testing.T) {
	const wrong = "\xff"
	for _, value := range []any{
		wrong, []string{"a", wrong}, [][2]string{{"a", "b"}, {"a", wrong}}, [][2]string{{wrong, "b"}},
		map[string]any{"a": map[string]any{"b": wrong}},
	} {
		if err := checkText(map[string]any{"a": "ä", "b": value}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: the error is %v", value, err)
		}
	}
}
