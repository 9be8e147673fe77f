// The Kubernetes provider's own main, for a build from its Go module: the module leaves its schema out of the
// compiled main package (a generator writes it at release time), so a main of our own is needed anyway.
//
// It differs from the released one in one point: it ends when the process that started it is gone. The engine stops its
// plugins itself, but not when it is killed, and a provider that outlives it would keep talking to the cluster.
package main

import (
	_ "embed"
	"os"
	"time"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func exitWithParent(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

func main() {
	go exitWithParent(os.Getppid())
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
