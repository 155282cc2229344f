package mmvp

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var right, wrong = angles{0, 90, 10, 80}, angles{0, 90, 80, 10}

func mustScore(t *testing.T, d *Dataset, pairs ...angles) Result {
	t.Helper()
	images, texts := features(pairs...)
	r, err := Score(d, images, texts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// threeColumns is a report on two patterns of two pairs: 1, 2 and 3 of 4 right.
func threeColumns(t *testing.T) *Report {
	t.Helper()
	d := shape(2, 2)
	r, err := NewReport("small", d, []Column{
		{"base", mustScore(t, d, right, wrong, wrong, wrong)},
		{"stage 1", mustScore(t, d, wrong, right, right, wrong)},
		{"integrated", mustScore(t, d, right, right, right, wrong)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCompareCountsPairsThatOneAloneGetsRight(t *testing.T) {
	r := threeColumns(t)
	c, err := r.Compare("base", "stage 1")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Gained, []int{1, 2}) || !slices.Equal(c.Lost, []int{0}) || c.P != 1 {
		t.Errorf("got %+v, want pairs 1 and 2 gained, 0 lost, p 1", c)
	}
	if c, err = r.Compare("base", "integrated"); err != nil || len(c.Gained) != 2 || len(c.Lost) != 0 || math.Abs(c.P-0.5) > 1e-12 {
		t.Errorf("got %+v, %v, want 2 gained, none lost, p 0.5", c, err)
	}
	if _, err := r.Compare("base", "stage 2"); err == nil {
		t.Error("a column that is not there: want an error")
	}
}

func TestNewReportRefusesColumnsThatDoNotFit(t *testing.T) {
	d := shape(2, 2)
	result := mustScore(t, d, right, right, right, right)
	for want, columns := range map[string][]Column{
		"no columns":              nil,
		"two columns":             {{"base", result}, {"base", result}},
		`"other" is not a result`: {{"base", result}, {"other", mustScore(t, shape(1), right)}},
	} {
		if _, err := NewReport("x", d, columns); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestText(t *testing.T) {
	r := threeColumns(t)
	if _, err := r.Compare("base", "integrated"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	// 1 of 4: Wilson's interval is 4.6 to 69.9 (by hand: centre 0.3725, half width 0.3269).
	for _, want := range []string{
		"                   base    stage 1  integrated\n",
		"P0                 50.0       50.0       100.0\n",
		"P1                  0.0       50.0        50.0\n",
		"Average            25.0       50.0        75.0\n",
		"95 % interval  4.6-69.9  15.0-85.0   30.1-95.4\n",
		"Pairs right         1/4        2/4         3/4\n",
		"base -> integrated: 2 pairs gained, 0 lost, p = 0.500 (McNemar, exact)\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	for _, unwanted := range []string{"tie", "Ties", "Mean of patterns", "Published"} {
		if strings.Contains(b.String(), unwanted) {
			t.Errorf("%q in\n%s", unwanted, &b)
		}
	}
}

func TestTextNamesTiesAndUnequalPatterns(t *testing.T) {
	d := shape(1, 2)
	r, err := NewReport("x", d, []Column{{"base", mustScore(t, d, right, angles{30, 30, 0, 90}, wrong)}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Average               33.3", "Mean of patterns      50.0", "Ties                   2/6", "chooses image 2"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

func TestJSONHoldsEveryAnswer(t *testing.T) {
	var b bytes.Buffer
	r := threeColumns(t)
	r.Questions[0].ImagePath = "/somebody/1.jpg"
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "/somebody") {
		t.Error("a path of this machine is in it")
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Columns) != 3 || len(back.Columns[2].Result.Answers) != 8 || back.Columns[2].Result.Pairs != (Tally{3, 4}) ||
		back.Columns[1].Result.Answers[3] != r.Columns[1].Result.Answers[3] || back.Questions[3].Statement != "s4" {
		t.Errorf("got %+v", back)
	}
}

func TestCSVHasARowForEachQuestionOfEachColumn(t *testing.T) {
	var b bytes.Buffer
	if err := threeColumns(t).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+3*8 {
		t.Fatalf("got %d rows, %v; want 25", len(rows), err)
	}
	row := rows[1+8+2] // stage 1, question 3
	if row[0] != "stage 1" || row[1] != "3" || row[2] != "P0" || row[3] != "s3" || row[8] != "1" || row[9] != "1" || row[11] != "true" || row[12] != "true" {
		t.Errorf("got %q", row)
	}
}

func TestPublishedFiguresNeedThePublishedBenchmark(t *testing.T) {
	r := threeColumns(t)
	if err := r.AddPublished(); err == nil || r.Published != nil {
		t.Errorf("got error %v, figures %v; want none for another benchmark", err, r.Published)
	}
	r = publishedReport(t)
	if err := r.AddPublished(); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Published {
		if p.Patterns == nil {
			continue
		}
		mean := 0.0
		for _, x := range p.Patterns {
			mean += x / 9
		}
		if math.Abs(mean-p.Average) > 0.06 {
			t.Errorf("%s: the patterns' mean is %.2f, the average %v", p.Model, mean, p.Average)
		}
	}
}

// publishedReport has the golden's columns under the names of the published patterns.
func publishedReport(t *testing.T) *Report {
	t.Helper()
	d := publishedShape()
	for i := range d.Questions {
		d.Questions[i].Pattern = publishedPatterns[i/30]
		d.Questions[i].Statement = "the dog <b>sits</b> to the left & below of the red chair, " + d.Questions[i].Statement
	}
	d.Patterns = publishedPatterns
	file := openGolden(t)
	var columns []Column
	for _, model := range []string{"stage0", "stage1", "integrated"} {
		images, texts := goldenFeatures(t, file, model)
		result, err := Score(d, images, texts)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, Column{model, result})
	}
	r, err := NewReport("ViT-B-32 on MMVP-VLM", d, columns)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Compare("stage0", "integrated"); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHTMLStandsAlone(t *testing.T) {
	r := publishedReport(t)
	if err := r.AddPublished(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if path := os.Getenv("MMVP_REPORT"); path != "" { // to look at it
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if found := regexp.MustCompile(`(?i)<script|<link|<img|@import|url\(|src=|href=|ZgotmplZ`).FindString(text); found != "" {
		t.Errorf("%q is in the page", found)
	}
	if strings.Contains(text, "<b>sits</b>") || !strings.Contains(text, "&lt;b&gt;sits&lt;/b&gt; to the left &amp; below") {
		t.Error("statements are not escaped")
	}
	if got, want := strings.Count(text, `<i class="right">`), 64+73+82; got != want { // the golden's totals
		t.Errorf("%d filled squares, want %d", got, want)
	}
	for _, want := range []string{"60.7 %", "82 of 135", "Published by others", "Not measured here", "Texts"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}
