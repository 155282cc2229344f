package zeroshot

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// mark stands for the name of the class in a template.
const mark = "{}"

// Templates that need no file, by name: "simple" is the set of seven that OpenAI found to be as good as its 80 on ImageNet
// (openai/CLIP, Prompt_Engineering_for_ImageNet.ipynb; open_clip's SIMPLE_IMAGENET_TEMPLATES), "photo" its usual single one.
var Templates = map[string][]string{
	"simple": {
		"itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.",
		"a {} in a video game.", "art of the {}.", "a photo of the small {}.",
	},
	"photo": {"a photo of a {}."},
	"name":  {"{}"},
}

// ReadTemplates reads templates, one a line, each with {} for the name of the class; {c}, as CLIP_benchmark writes it, is
// taken as well. Empty lines are left out.
func ReadTemplates(r io.Reader) ([]string, error) {
	lines, err := ReadLines(r)
	if err != nil {
		return nil, err
	}
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "{c}", mark)
		if !strings.Contains(lines[i], mark) {
			return nil, fmt.Errorf("template %q has no {} for the name of the class", line)
		}
	}
	return lines, nil
}

// ReadLines reads the lines that are not empty, such as the names of classes, without space around them.
func ReadLines(r io.Reader) ([]string, error) {
	var lines []string
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		if line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\ufeff")); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("the file has no lines")
	}
	return lines, nil
}

// Prompts puts each class into each template: [C, T].
func Prompts(classes, templates []string) [][]string {
	prompts := make([][]string, len(classes))
	for i, class := range classes {
		for _, template := range templates {
			prompts[i] = append(prompts[i], strings.ReplaceAll(template, mark, class))
		}
	}
	return prompts
}
