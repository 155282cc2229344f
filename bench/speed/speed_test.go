package speed

import (
	"bytes"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// scripted is a side with known rounds.
type scripted struct {
	name   string
	rounds []Round
	order  *[]string
}

func (s *scripted) Round() (Round, error) {
	*s.order = append(*s.order, s.name)
	r := s.rounds[0]
	s.rounds = s.rounds[1:]
	return r, nil
}

func sides(ours, theirs []Round) (a, b *scripted, order *[]string) {
	order = new([]string)
	return &scripted{"a", ours, order}, &scripted{"b", theirs, order}, order
}

func TestRoundsAlternateAndRatiosAreOfNeighbours(t *testing.T) {
	round := func(seconds, cpu float64, memory int64) Round {
		return Round{Items: 6, Seconds: seconds, CPU: cpu, Memory: memory}
	}
	ours, theirs, order := sides(
		[]Round{round(99, 9, 50), round(1, 2, 50), round(2, 2, 100), round(3, 2, 100)},
		[]Round{round(1, 1, 200), round(2, 2, 200), round(2, 4, 400), round(12, 6, 200)})
	c, err := Compare(Work{Name: "test"}, ours, theirs, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(*order, ""); got != "abababab" {
		t.Errorf("the order is %s", got)
	}
	if want := (Spread{1, 2, 4}); c.Wall != want || c.Speed != want {
		t.Errorf("wall %v, speed %v, want %v", c.Wall, c.Speed, want)
	}
	if want := (Spread{1, 2, 3}); c.CPU != want {
		t.Errorf("processor time %v, want %v", c.CPU, want)
	}
	if c.Memory != 0.25 {
		t.Errorf("memory %v, want 0.25", c.Memory)
	}
}

func TestSidesThatComputeOtherThingsAreRefused(t *testing.T) {
	for name, values := range map[string][]float64{"off": {1, 2.1}, "too few": {1}, "not a number": {1, math.NaN()}} {
		ours, theirs, _ := sides([]Round{{Items: 1, Seconds: 1, Values: []float64{1, 2}}}, []Round{{Items: 1, Seconds: 1, Values: values}})
		if _, err := Compare(Work{Name: "test", Tolerance: 0.01}, ours, theirs, 0); err == nil || !strings.Contains(err.Error(), "do not compute the same") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestServeAnswersEachLine(t *testing.T) {
	var out strings.Builder
	n := 0.0
	err := Serve(strings.NewReader("round\nround\n"), &out, func() (Round, error) { n++; return Round{Items: n}, nil })
	if err != nil || strings.Count(out.String(), "\n") != 3 || !strings.Contains(out.String(), `"items":2`) {
		t.Errorf("error %v, output %s", err, out.String())
	}
	if err := Serve(strings.NewReader("jump\n"), &out, nil); err == nil {
		t.Error("an unknown request is answered")
	}
}

func TestMeasureCountsTimeOfTheProcessor(t *testing.T) {
	r, err := Measure(func() (Round, error) {
		x := 1.0
		for range 20_000_000 {
			x = math.Sqrt(x + 1)
		}
		return Round{Items: x}, nil
	})
	if err != nil || r.Seconds <= 0 || r.CPU <= 0 || r.CPU > 5*r.Seconds+0.1 || r.Memory < 1<<20 {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestCaptionsHaveTheLengthsOfConceptualCaptions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	const n = 4000
	sum, squares := 0.0, 0.0
	for range n {
		words := float64(len(strings.Fields(Caption(r))))
		sum += words
		squares += words * words
	}
	mean := sum / n
	if deviation := math.Sqrt(squares/n - mean*mean); math.Abs(mean-10.3) > 0.5 || math.Abs(deviation-4.5) > 0.5 {
		t.Errorf("mean %.2f, deviation %.2f; want 10.3 and 4.5", mean, deviation)
	}
}

func TestPhotosAreOfTheSizeOfPhotographs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	bytesSum, pixels := 0, 0
	for range 4 {
		raw, err := Photo(r)
		if err != nil {
			t.Fatal(err)
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(raw))
		if err != nil || min(c.Width, c.Height) < 300 {
			t.Fatalf("%dx%d, error %v", c.Width, c.Height, err)
		}
		bytesSum, pixels = bytesSum+len(raw), pixels+c.Width*c.Height
	}
	if rate := float64(bytesSum) / float64(pixels); rate < 0.12 || rate > 0.35 {
		t.Errorf("%.2f bytes a pixel", rate)
	}
}
