package scimlet

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// exact is the greatest integer that is written as a number.
const exact = 1 << 53

// statement is one statement of the module's (wit/sql.wit).
type statement struct {
	Text       string      `json:"text"`
	Parameters []parameter `json:"parameters"`
}

// parameter is a value for a database driver.
type parameter struct{ value any }

// UnmarshalJSON reads a value of wit/sql.wit: "null", or an object of one member, which names the
// case. encoding/json has checked the text, and would take three times as long.
func (p *parameter) UnmarshalJSON(text []byte) (err error) {
	if string(text) == `"null"` {
		return nil
	}
	name, content, isObject := bytes.Cut(bytes.Trim(text, "{}"), []byte{':'})
	switch {
	case !isObject || text[0] != '{' || string(content) == "null":
		err = fmt.Errorf("there is no value %s", text)
	case string(name) == `"integer"`:
		p.value, err = integer(content)
	case string(name) == `"real"`:
		p.value, err = decoded[float64](content)
	case string(name) == `"text"`:
		p.value, err = decoded[string](content)
	case string(name) == `"blob"`:
		p.value, err = decoded[[]byte](content)
	case string(name) == `"boolean"`:
		p.value, err = decoded[bool](content)
	default:
		err = fmt.Errorf("there is no value %s", name)
	}
	return err
}

func decoded[T any](text []byte) (value T, err error) {
	err = json.Unmarshal(text, &value)
	return value, err
}

func integer(text []byte) (int64, error) {
	if text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	return strconv.ParseInt(string(text), 10, 64)
}

// appendRows writes all rows as JSON.
func appendRows(to []byte, rows *sql.Rows) ([]byte, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for place := range values {
		pointers[place] = &values[place]
	}
	to = append(to, '[')
	for first := true; rows.Next(); first = false {
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		if !first {
			to = append(to, ',')
		}
		to = append(to, '[')
		for place, value := range values {
			if place > 0 {
				to = append(to, ',')
			}
			if to, err = appendValue(to, value); err != nil {
				return nil, fmt.Errorf("the column %s has %w", columns[place], err)
			}
		}
		to = append(to, ']')
	}
	return append(to, ']'), rows.Err()
}

// appendValue writes the value of a column as JSON.
func appendValue(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(to, `"null"`...), nil
	case string:
		return appendText(to, value), nil
	case int64:
		if value > exact || value < -exact {
			return fmt.Appendf(to, `{"integer":"%d"}`, value), nil
		}
		return append(strconv.AppendInt(append(to, `{"integer":`...), value, 10), '}'), nil
	case float64:
		if math.IsInf(value, 0) || math.IsNaN(value) {
			return nil, fmt.Errorf("the number %v", value)
		}
		to = strconv.AppendFloat(append(to, `{"real":`...), value, 'g', -1, 64)
		return append(to, '}'), nil
	case bool:
		return append(strconv.AppendBool(append(to, `{"boolean":`...), value), '}'), nil
	case []byte:
		to = base64.StdEncoding.AppendEncode(append(to, `{"blob":"`...), value)
		return append(to, `"}`...), nil
	}
	return nil, fmt.Errorf("a %T", value)
}

func appendText(to []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // No text is refused.
	}
	return append(append(append(to, `{"text":`...), quoted...), '}')
}
