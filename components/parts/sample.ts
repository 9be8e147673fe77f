/** Body of a completion of a few tokens, to try things out with. */
export const SAMPLE_COMPLETION = '{"model":"default","prompt":"Paris is","max_tokens":8}';
