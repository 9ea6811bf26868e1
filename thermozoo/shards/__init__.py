"""Work on many trajectories, cut into shards that other processes do, in any order, to the same bits."""
