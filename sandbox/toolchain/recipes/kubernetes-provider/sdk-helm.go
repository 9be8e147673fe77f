// The one type of the SDK's package that the provider itself uses, for charts of Release.
package v4

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type RepositoryOpts struct {
	CaFile, CertFile, KeyFile pulumi.AssetOrArchive
	Password, Repo, Username  *string
}
