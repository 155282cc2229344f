package pickle

import (
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// What a damaged program asks for beyond the one class that is allowed is refused.
func TestDamageAtAThousandPlaces(t *testing.T) {
	program := "\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01("
	for range 20 {
		program += "X\x0c\x00\x00\x00visual.proj.K\x01J\xff\xff\xff\x7f\x86q\x02"
	}
	program += "u."
	var calls []string
	damage.Sweep(t, []byte(program), func(damaged []byte) error {
		calls = calls[:0]
		_, err := Load(damaged, environment(&calls))
		for _, call := range calls {
			if !strings.HasPrefix(call, "collections.OrderedDict") {
				t.Errorf("%s was called", call)
			}
		}
		return err
	})
}
