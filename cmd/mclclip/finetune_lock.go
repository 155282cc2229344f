package main

import "github.com/urfave/cli/v2"

// lockFlags say which parts of the model stay as they are in the stages.
func (f *finetune) lockFlags() []cli.Flag {
	l := &f.cfg.Lock
	return []cli.Flag{
		&cli.BoolFlag{Name: "lock-text", Usage: "keep the text tower as it is in the stages", Destination: &l.Text},
		&cli.IntFlag{Name: "lock-text-unlocked-layers", Usage: "with --lock-text: the last `N` layers train all the same (1: the projection, 2: the last block too)", Destination: &l.TextUnlockedLayers},
		&cli.BoolFlag{Name: "lock-image", Usage: "keep the image tower as it is in the stages", Destination: &l.Image},
		&cli.IntFlag{Name: "lock-image-unlocked-groups", Usage: "with --lock-image: the last `N` groups train all the same", Destination: &l.ImageUnlockedGroups},
		&cli.BoolFlag{Name: "lock-image-freeze-bn-stats", Usage: "with --lock-image: the running statistics of a ResNet's batch norms stay as well", Destination: &l.ImageFreezeStatistics},
	}
}
