// What CloudNativePG's own webhook says to manifests. See README.md for how it is built.
package v1

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	apiv1 "github.com/cloudnative-pg/cloudnative-pg/api/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestJudge reads a JSON list of manifests from the file that MANIFESTS names, and writes a list of lists of refusals beside it.
func TestJudge(t *testing.T) {
	path := os.Getenv("MANIFESTS")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifests []json.RawMessage
	if err := json.Unmarshal(raw, &manifests); err != nil {
		t.Fatal(err)
	}
	refusals := make([][]string, 0, len(manifests))
	for _, manifest := range manifests {
		said := []string{}
		found, err := judge(manifest)
		if err != nil {
			said = append(said, err.Error())
		}
		for _, each := range found {
			said = append(said, each.Error())
		}
		refusals = append(refusals, said)
	}
	written, err := json.Marshal(refusals)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".refusals", written, 0o600); err != nil {
		t.Fatal(err)
	}
}

func judge(manifest []byte) (field.ErrorList, error) {
	var kind struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(manifest, &kind); err != nil {
		return nil, err
	}
	switch kind.Kind {
	case "Cluster":
		var cluster apiv1.Cluster
		if err := json.Unmarshal(manifest, &cluster); err != nil {
			return nil, err
		}
		cluster.Default()
		return (&ClusterCustomValidator{}).validate(&cluster), nil
	case "Database":
		var database apiv1.Database
		if err := json.Unmarshal(manifest, &database); err != nil {
			return nil, err
		}
		return (&DatabaseCustomValidator{}).validate(&database), nil
	case "Pooler":
		var pooler apiv1.Pooler
		if err := json.Unmarshal(manifest, &pooler); err != nil {
			return nil, err
		}
		return (&PoolerCustomValidator{}).validate(&pooler), nil
	case "ScheduledBackup":
		var backup apiv1.ScheduledBackup
		if err := json.Unmarshal(manifest, &backup); err != nil {
			return nil, err
		}
		_, found := (&ScheduledBackupCustomValidator{}).validate(&backup)
		return found, nil
	case "DatabaseRole":
		return nil, nil
	}
	return nil, fmt.Errorf("no webhook is known here for %s", kind.Kind)
}
