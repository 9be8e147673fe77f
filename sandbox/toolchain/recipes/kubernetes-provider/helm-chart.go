// No component resources of the provider: nothing in the sandbox creates one, and their code takes long to compile.
package v4

import (
	"errors"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumiprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

func NewChartProvider(*resource.ResourceProviderOptions) resource.ResourceProvider {
	return missing("kubernetes:helm.sh/v4:Chart")
}

func missing(kind string) resource.ResourceProvider {
	return &resource.ResourceProviderFuncs{
		ConstructF: func(*pulumi.Context, string, string, pulumiprovider.ConstructInputs, pulumi.ResourceOption) (*pulumiprovider.ConstructResult, error) {
			return nil, errors.New(kind + " is not in the sandbox's build of this provider. Install Pulumi to use it.")
		},
	}
}
