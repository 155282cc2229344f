package mcl

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestConstraintOfThePaper(t *testing.T) {
	cases := []struct {
		name                    string
		pairs                   int64
		clusters, stages, batch int
		groups                  int
		says                    string // "" if it fits
	}{
		{"the authors' CC12M, three stages", 12_000_000, 10, 3, 8000, 1, ""},
		{"a fourth does not fit", 12_000_000, 10, 4, 8000, 1, "--stages 3 or --clusters 6 or --groups 8 would fit"},
		{"exactly at the edge", 1000 * 64, 10, 3, 64, 1, ""},
		{"one pair less", 1000*64 - 1, 10, 3, 64, 1, "--stages 2 or --clusters 9 or --groups 2 would fit"},
		{"groups make room", 16_000, 10, 3, 64, 4, ""},
		{"nothing alone helps", 130, 100, 3, 128, 1, "take more pairs or a smaller batch"},
		{"batch larger than the data", 100, 2, 1, 128, 1, "larger than the data, 100 usable pairs"},
		{"no data", 0, 2, 1, 128, 1, "larger than the data, 0 usable pairs"},
		{"groups do not divide", 10_000, 2, 1, 64, 5, "does not divide the global batch of 64: use 4 or 8"},
		{"more groups than pairs", 10_000, 2, 1, 64, 100, "does not divide the global batch of 64: use 32"},
		{"one pair a group", 10_000, 2, 1, 64, 64, "no negatives: use at most 32"},
		{"more clusters than pairs", 100, 101, 1, 64, 1, "only 100 pairs to cluster"},
		{"one cluster", 10_000, 1, 1, 64, 1, "at least 2 clusters"},
		{"no stage", 10_000, 2, 0, 64, 1, "at least one stage"},
		{"no group", 10_000, 2, 1, 64, 0, "at least 1 group"},
		{"batch of one", 10_000, 2, 1, 1, 1, "no negatives"},
		{"overflow", math.MaxInt64, math.MaxInt32, 9, 2, 1, "more than 2^63 labels"},
		{"more labels than an int32 holds", math.MaxInt64, 10, 10, 64, 32, "--stages 9"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := CheckConstraint(c.pairs, c.clusters, c.stages, c.batch, c.groups)
			switch {
			case c.says == "" && err != nil:
				t.Errorf("got %v, want it to fit", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

// fits is the rule in whole numbers of any size.
func fits(pairs int64, clusters, stages, batch, groups int) bool {
	left := new(big.Int).Exp(big.NewInt(int64(clusters)), big.NewInt(int64(stages)), nil)
	left.Mul(left, big.NewInt(int64(batch)))
	return left.Cmp(new(big.Int).Mul(big.NewInt(pairs), big.NewInt(int64(groups)))) <= 0
}

// Every cure that an error names fits, and the next larger one does not.
func TestCuresOfTheConstraintFit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	cure := regexp.MustCompile(`--(stages|clusters|groups) (\d+)(?: or|.*would fit)`)
	refused := 0
	for range 3000 {
		batch := 2 << random.IntN(8)
		groups := 1 << random.IntN(8)
		pairs, clusters, stages := random.Int64N(1<<random.IntN(24))+2, random.IntN(40)+2, random.IntN(5)+1
		err := CheckConstraint(pairs, clusters, stages, batch, groups)
		if err == nil != (fits(pairs, clusters, stages, batch, groups) && batch/groups >= 2 && int64(batch) <= pairs && int64(clusters) <= pairs) {
			t.Fatalf("M %d, K %d, N %d, b %d, G %d: %v", pairs, clusters, stages, batch, groups, err)
		}
		if err == nil || !strings.Contains(err.Error(), "would fit") {
			continue
		}
		refused++
		_, list, _ := strings.Cut(err.Error(), "at most")
		for _, found := range cure.FindAllStringSubmatch(list, -1) {
			value, _ := strconv.Atoi(found[2])
			k, n, g := clusters, stages, groups
			field, worse := map[string]*int{"stages": &n, "clusters": &k, "groups": &g}[found[1]], value+1
			*field = value
			if !fits(pairs, k, n, batch, g) {
				t.Errorf("%v: %s does not fit", err, found[0])
			}
			if found[1] == "groups" {
				for worse = value - 1; worse > 0 && batch%worse != 0; worse-- {
				}
			}
			if *field = worse; worse > 0 && fits(pairs, k, n, batch, g) {
				t.Errorf("%v: --%s %d fits too", err, found[1], worse)
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d of the cases were refused", refused)
	}
}

func ExampleCheckConstraint() {
	err := CheckConstraint(100_000, 10, 3, 1024, 1)
	fmt.Println(err)
	// Output: --clusters 10 over --stages 3 makes 1000 labels, but 100000 pairs fill blocks of 1024 (batch 1024, --groups 1) for at most 97: --stages 1 or --clusters 4 or --groups 16 would fit
}
