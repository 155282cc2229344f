package emoji

import (
	"strings"
	"testing"
)

func TestVariantsShareABase(t *testing.T) {
	for name, emoji := range map[string][]string{
		"skin tone":           {"👋", "👋🏻", "👋🏿"},
		"role":                {"🧑‍🌾", "👨‍🌾", "👩‍🌾", "👩🏽‍🌾"},
		"activity, direction": {"🏃", "🏃‍♀️", "🏃🏿‍♂️", "🏃‍➡️", "🏃🏻‍♀️‍➡️"},
		"man, woman":          {"🧑", "👨", "👩🏼"},
		"child":               {"🧒", "👦", "👧🏾"},
		"couple":              {"👫", "👬", "👭🏻", "🧑‍🤝‍🧑", "👩🏻‍🤝‍👨🏿"},
		"hearts":              {"💑", "👩‍❤️‍👨", "👨🏻‍❤️‍👨🏽"},
		"kiss":                {"💏", "👩‍❤️‍💋‍👨"},
		"santa":               {"🎅", "🤶🏽", "🧑‍🎄"},
		"crown":               {"🫅", "🤴", "👸🏻"},
		"handshake":           {"🤝", "🤝🏽", "🫱🏻‍🫲🏿"},
	} {
		for _, e := range emoji {
			if got, want := baseOf(codeOf(e)), baseOf(codeOf(emoji[0])); got != want {
				t.Errorf("%s: %s has base %s, want %s", name, e, got, want)
			}
		}
	}
}

func TestDifferentEmojiHaveDifferentBases(t *testing.T) {
	seen := map[string]string{}
	for _, e := range strings.Fields("➡️ ⬅️ ♀️ ♂️ 🏻 🏿 🧑 🧒 🧓 👶 🏃 🚶 🤝 💑 💏 🧑‍🤝‍🧑 🧑‍🌾 🧑‍🍳 🎅 🎄 ❤️ 💙 🐈 🐈‍⬛ 🐕 🐕‍🦺 1️⃣ 2️⃣ 🇫🇷 🇩🇪 🫱 🫲") {
		base := baseOf(codeOf(e))
		if other, twice := seen[base]; twice || base == "" {
			t.Errorf("%s and %s share the base %q", e, other, base)
		}
		seen[base] = e
	}
}

func TestPhrases(t *testing.T) {
	for name, want := range map[string]string{
		"grinning face":                 "grinning face",
		"waving hand: medium skin tone": "waving hand, medium skin tone",
		"flag: Côte d’Ivoire":           "flag of Côte d'Ivoire",
		"keycap: 7":                     "keycap 7",
		"woman running: facing right":   "woman running, facing right",
		"couple with heart: man, man":   "couple with heart, man, man",
	} {
		if got := phrase(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestCaptionsTakeTagsThatSayMore(t *testing.T) {
	g := glyph{name: "red heart", tags: []string{"heart", "emotion", "Red", "love", "like", "more"}}
	c := DefaultConfig()
	if got, want := c.caption(g), "a photo of red heart, emotion, love, like"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.Tags, c.Prefix = 0, ""
	if got := c.caption(g); got != "red heart" {
		t.Errorf("got %q, want the name alone", got)
	}
}

func TestListedPairs(t *testing.T) {
	listed, err := readPairs()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range listed {
		key := p.codes[0] + " " + p.codes[1]
		if seen[key] || p.codes[0] == p.codes[1] || p.statements[0] == p.statements[1] || p.statements[0] == "" {
			t.Errorf("pair %q %q: listed twice, or nothing differs", p.statements[0], p.statements[1])
		}
		seen[key], seen[p.codes[1]+" "+p.codes[0]] = true, true
	}
	if n := len(patternsOf(listed)); n != 9 {
		t.Errorf("got %d patterns, want nine", n)
	}
}

func TestAttributesTakeTurns(t *testing.T) {
	c := func(attribute, first string) candidate {
		return candidate{pattern: "p", attribute: attribute, codes: [2]string{first}}
	}
	all := []candidate{c("a", "1"), c("a", "2"), c("a", "3"), c("b", "4"), {pattern: "q"}, c("b", "5")}
	got := ""
	for _, x := range takeTurns(all, "p") {
		got += x.codes[0]
	}
	if got != "14253" {
		t.Errorf("got %s, want 14253", got)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"default":        {func(*Config) {}, ""},
		"no source":      {func(c *Config) { c.Sources = nil }, "no sources"},
		"unknown source": {func(c *Config) { c.Sources = []string{"apple"} }, `source "apple"`},
		"source twice":   {func(c *Config) { c.Sources = []string{Google, Google} }, "given twice"},
		"percent":        {func(c *Config) { c.HeldOutPercent = 100 }, "held-out percent 100"},
		"pairs":          {func(c *Config) { c.PairsPerPattern = -1 }, "pairs per pattern -1"},
		"tags":           {func(c *Config) { c.Tags = -1 }, "tags -1"},
		"rows":           {func(c *Config) { c.RowsPerShard = 0 }, "rows per shard 0"},
	} {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			c.change(&config)
			err := config.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}
