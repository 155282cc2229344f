package mmvp

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

func manyQuestions() []byte {
	var out bytes.Buffer
	out.WriteString("\ufeffQuestion ID,Type,Statement\n")
	for id := 1; id <= 40; id++ {
		fmt.Fprintf(&out, "%d,Pattern %d,\"the dog, number %d, faces left\"\n", id, (id+19)/20, (id+1)/2)
	}
	return out.Bytes()
}

// read parses a question file and checks what a score relies on.
func read(damaged []byte) error {
	questions, err := parseQuestions(bytes.NewReader(damaged))
	if err != nil {
		return err
	}
	return checkPairs(questions)
}

func TestDamageAtAThousandPlaces(t *testing.T) { damage.Sweep(t, manyQuestions(), read) }

func FuzzQuestions(f *testing.F) {
	f.Add(manyQuestions())
	f.Add([]byte("question id;type\n1;a"))
	f.Fuzz(func(t *testing.T, file []byte) {
		questions, err := parseQuestions(bytes.NewReader(file))
		if err == nil && checkPairs(questions) == nil && len(questions)%2 != 0 {
			t.Errorf("%d questions make no pairs", len(questions))
		}
	})
}
