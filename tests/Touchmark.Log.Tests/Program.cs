using Touchmark.Log.Tests.Killing;

// Run as a test program, or as the process that the kill test kills.
return args is [KilledWriter.Command, var folder, var call, var when] ? await KilledWriter.RunAsync(folder, call, when)
    : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, Touchmark.Log.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions);
