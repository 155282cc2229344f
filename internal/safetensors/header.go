package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// entry is one tensor of the header; begin and end count from the end of the JSON.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
}

// parser reads the header's JSON token by token, because encoding/json's own decoding lets the last of two equal keys win
// and takes keys in any case.
type parser struct {
	decoder  *json.Decoder
	entries  []entry
	metadata map[string]string
}

func parseHeader(text []byte) (entries []entry, metadata map[string]string, err error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("header is not UTF-8")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("header does not begin with '{'")
	}
	if !json.Valid(text) { // the token reader below lets some malformed texts pass
		return nil, nil, errors.New("header is not JSON")
	}
	p := &parser{decoder: json.NewDecoder(bytes.NewReader(text))}
	p.decoder.UseNumber()
	if err := p.object(p.member); err != nil {
		return nil, nil, fmt.Errorf("header: %w", noEOF(err))
	}
	return p.entries, p.metadata, nil
}

// noEOF gives the end of the text its name: a bare io.EOF would read as a normal end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// object reads a JSON object, calling value with the decoder before each value, and refuses a key that comes twice.
func (p *parser) object(value func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("key %v is not a string", token)
		}
		if seen[key] {
			return fmt.Errorf("key %q comes twice", key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
	}
	return p.delim('}')
}

func (p *parser) delim(want json.Delim) error {
	token, err := p.decoder.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("got %v, want %v", token, want)
	}
	return nil
}

// member reads one value of the outermost object.
func (p *parser) member(name string) error {
	if name == metadataKey {
		p.metadata = map[string]string{}
		return p.object(p.metadataValue)
	}
	e, have := entry{name: name}, map[string]bool{}
	err := p.object(func(field string) (err error) {
		have[field] = true
		switch field {
		case "dtype":
			e.dtype, err = p.text()
		case "shape":
			e.shape, err = p.shape()
		case "data_offsets":
			e.begin, e.end, err = p.span()
		default: // what a later version of the format may add
			err = p.decoder.Decode(new(json.RawMessage))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, field := range []string{"dtype", "shape", "data_offsets"} {
		if !have[field] {
			return fmt.Errorf("%q is missing", field)
		}
	}
	p.entries = append(p.entries, e)
	return nil
}

func (p *parser) metadataValue(key string) error {
	value, err := p.text()
	p.metadata[key] = value
	return err
}

func (p *parser) text() (string, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("got %v, want a string", token)
	}
	return text, nil
}

// integers reads a list of whole numbers that are not negative.
func (p *parser) integers() ([]int64, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return nil, err
		}
		number, ok := token.(json.Number)
		if !ok {
			return nil, fmt.Errorf("got %v, want a whole number", token)
		}
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("got %v, want a whole number from 0 to 2^63-1", number)
		}
		list = append(list, int64(n))
	}
	return list, p.delim(']')
}

func (p *parser) shape() ([]int, error) {
	list, err := p.integers()
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(list))
	for i, n := range list {
		shape[i] = int(n)
	}
	return shape, nil
}

func (p *parser) span() (begin, end int64, err error) {
	list, err := p.integers()
	if err != nil {
		return 0, 0, err
	}
	if len(list) != 2 {
		return 0, 0, fmt.Errorf("got %d numbers, want begin and end", len(list))
	}
	return list[0], list[1], nil
}
