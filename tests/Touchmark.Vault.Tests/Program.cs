using Touchmark.Vault.Tests.Hsm;

// Run as a test program, or as a process that counts until it is killed.
return args is [CountingProcess.Command, .. var rest] ? CountingProcess.Run(rest)
    : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, Touchmark.Vault.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions);
