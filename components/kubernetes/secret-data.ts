import * as pulumi from "@pulumi/pulumi";

/**
 * Renders `data` of a Secret from plain texts. With `stringData` the provider itself adds `data` as soon as the texts are
 * known. The run then differs from its preview, and `pulumi up --plan` rejects its own plan (provider 4.34, engine 3.274).
 * A text is undefined if a run with `--target` does not create what it comes from. Such a run does not create the Secret either.
 */
export function secretData(texts: Record<string, pulumi.Input<string>>): Record<string, pulumi.Output<string>> {
    const encoded = (text: pulumi.Input<string>) =>
        pulumi.output(text).apply((plain: string | undefined) => Buffer.from(plain ?? "").toString("base64"));
    return Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, encoded(text)]));
}
