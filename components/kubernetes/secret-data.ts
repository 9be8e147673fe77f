import * as pulumi from "@pulumi/pulumi";

/**
 * `data` of a Secret, of plain texts. With `stringData` the provider itself makes `data` of it as soon as the texts are known:
 * then the run is not as its preview was, and `pulumi up --plan` refuses its own plan (provider 4.34, engine 3.274).
 */
export function secretData(texts: Record<string, pulumi.Input<string>>): Record<string, pulumi.Output<string>> {
    const encoded = (text: pulumi.Input<string>) =>
        pulumi.output(text).apply((plain) => Buffer.from(plain).toString("base64"));
    return Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, encoded(text)]));
}
