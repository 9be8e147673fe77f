// The one function of the SDK's package that ConfigGroup and ConfigFile use, without a Go type for each kind: what is registered
// is the same, and the provider reads no output of it by name.
package v2

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input,
	opts ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	group := apiVersion
	if !strings.Contains(group, "/") {
		group = "core/" + group
	}
	var registered pulumi.CustomResourceState
	err := ctx.RegisterResource("kubernetes:"+group+":"+kind, name, props, &registered, opts...)
	if err != nil {
		return nil, err
	}
	return &registered, nil
}
