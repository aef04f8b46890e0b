namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>The identity provider on the page of somebody's account; <paramref name="Since"/> when it was linked, null where it is not.</summary>
public sealed record OidcModel(string Name, DateTimeOffset? Since, DateTimeOffset? Used, string? Who);

/// <summary>The step to the provider.</summary>
public sealed record OidcGoModel(string Name, string Path);
