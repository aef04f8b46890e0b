// Each test starts several real processes, and the machine has two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
