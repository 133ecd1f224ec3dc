// Command go-readers reads its standard input as the tools on the way to a cluster do.
//
// "go-readers yaml" reads YAML documents with each library and prints a JSON object: name of the library -> list of documents, or
// its error. "go-readers cron" reads a JSON list of cron schedules and prints a JSON list of the errors of Kubernetes' parser.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/robfig/cron/v3"
	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	kubectl "k8s.io/apimachinery/pkg/util/yaml"
	helm "sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var answer any
	switch {
	case len(os.Args) == 2 && os.Args[1] == "yaml":
		answer = readYaml(text)
	case len(os.Args) == 2 && os.Args[1] == "cron":
		answer, err = readCron(text)
	default:
		err = errors.New("usage: go-readers yaml|cron")
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readCron(text []byte) (any, error) {
	var schedules []string
	if err := json.Unmarshal(text, &schedules); err != nil {
		return nil, err
	}
	found := make([]string, len(schedules))
	for position, schedule := range schedules {
		if _, err := cron.ParseStandard(schedule); err != nil {
			found[position] = err.Error()
		}
	}
	return found, nil
}

func readYaml(text []byte) any {
	readers := map[string]func([]byte) (any, error){
		"sigs.k8s.io/yaml": func(document []byte) (any, error) {
			var tree any
			err := helm.Unmarshal(document, &tree)
			return tree, err
		},
		"yaml.v2": func(document []byte) (any, error) {
			var tree any
			err := yaml2.Unmarshal(document, &tree)
			return plain(tree), err
		},
		"yaml.v3": func(document []byte) (any, error) {
			var tree any
			err := yaml3.Unmarshal(document, &tree)
			return plain(tree), err
		},
	}
	read := map[string]any{}
	for name, reader := range readers {
		read[name] = documents(text, reader)
	}
	return read
}

// documents splits the text as kubectl does and reads each document.
func documents(text []byte, reader func([]byte) (any, error)) any {
	found := []any{}
	stream := kubectl.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := stream.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			return err.Error()
		}
		tree, err := reader(document)
		if err != nil {
			return err.Error()
		}
		found = append(found, tree)
	}
}

// plain makes the keys of mappings strings. A key of another type gets its type as a prefix, so that it differs.
func plain(tree any) any {
	switch node := tree.(type) {
	case map[any]any:
		mapping := map[string]any{}
		for key, value := range node {
			mapping[keyText(key)] = plain(value)
		}
		return mapping
	case map[string]any:
		for key, value := range node {
			node[key] = plain(value)
		}
		return node
	case []any:
		for position, value := range node {
			node[position] = plain(value)
		}
		return node
	}
	return tree
}

func keyText(key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	return fmt.Sprintf("%T:%v", key, key)
}
